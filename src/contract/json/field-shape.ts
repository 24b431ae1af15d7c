import { type DescField, type DescMessage, getOption, hasOption } from '@bufbuild/protobuf'
import { isWrapperDesc } from '@bufbuild/protobuf/wkt'
import { cl_default_float, cl_show_if_empty } from '../gen/proto/clarifai/api/utils/extensions_pb.js'

/** A message of protobuf-es, seen by property name. */
export type Dict = Record<string, unknown>

/** Field that is written even when it is empty or zero. */
export function showsIfEmpty(field: DescField): boolean {
  return getOption(field, cl_show_if_empty)
}

/** Value of a float field that a JSON request leaves out, or undefined when the contract names none. */
export function defaultFloat(field: DescField): number | undefined {
  return hasOption(field, cl_default_float) ? getOption(field, cl_default_float) : undefined
}

/** google.protobuf.UInt64Value and its like, which protobuf-es keeps as bare scalars in singular fields. */
export function isUnwrapped(field: DescField): boolean {
  return field.fieldKind === 'message' && !field.oneof && isWrapperDesc(field.message)
}

/** google.protobuf.Struct, which protobuf-es keeps as a plain JSON object everywhere but inside Value. */
export function isPlainStruct(message: DescMessage, parent: DescMessage): boolean {
  return message.typeName === 'google.protobuf.Struct' && parent.typeName !== 'google.protobuf.Value'
}
