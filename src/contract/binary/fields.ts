import { type DescField, type DescMessage, type DescOneof, ScalarType } from '@bufbuild/protobuf'
import { isWrapperDesc } from '@bufbuild/protobuf/wkt'

/** The Reader and Writer methods of each scalar type of the contract, and the wire type of its values. */
export interface ScalarPlan {
  readonly method: 'string' | 'bool' | 'double' | 'float' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'bytes'
  readonly wireType: 0 | 1 | 2 | 5
  /** JavaScript source of the value that a field has when it is absent. */
  readonly zero: string
}

const SCALARS: Partial<Record<ScalarType, ScalarPlan>> = {
  [ScalarType.STRING]: { method: 'string', wireType: 2, zero: '""' },
  [ScalarType.BYTES]: { method: 'bytes', wireType: 2, zero: 'NO_BYTES' },
  [ScalarType.BOOL]: { method: 'bool', wireType: 0, zero: 'false' },
  [ScalarType.DOUBLE]: { method: 'double', wireType: 1, zero: '0' },
  [ScalarType.FLOAT]: { method: 'float', wireType: 5, zero: '0' },
  [ScalarType.INT32]: { method: 'int32', wireType: 0, zero: '0' },
  [ScalarType.UINT32]: { method: 'uint32', wireType: 0, zero: '0' },
  [ScalarType.INT64]: { method: 'int64', wireType: 0, zero: '0n' },
  [ScalarType.UINT64]: { method: 'uint64', wireType: 0, zero: '0n' },
}

/** How to read and write a scalar or enum; throws for what the contract does not use (fixed and zigzag integers). */
export function scalarPlan(field: DescField): ScalarPlan {
  const type = field.enum === undefined ? field.scalar : ScalarType.INT32
  const plan = type === undefined ? undefined : SCALARS[type]
  if (plan === undefined || (field.fieldKind === 'scalar' && field.longAsString)) {
    throw new Error(`${field} has a type that the binary codec does not know`)
  }
  return plan
}

/** Wire tag of a field number. */
export function tagOf(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0
}

/** True for fields that protobuf-es keeps as plain JSON objects. */
export function isJsonStruct(field: DescField): boolean {
  return field.message?.typeName === 'google.protobuf.Struct' && field.parent?.typeName !== 'google.protobuf.Value'
}

/** True for fields that protobuf-es keeps as the bare value of a wrapper message. */
export function isBareWrapper(field: DescField): boolean {
  return field.fieldKind === 'message' && field.oneof === undefined && isWrapperDesc(field.message)
}

/** JavaScript source of a message without any field set, property for property as protobuf-es makes it. */
export function emptyMessageSource(desc: DescMessage): string {
  const properties = desc.members.map(emptyProperty).filter((source) => source !== '')
  return `{$typeName:${JSON.stringify(desc.typeName)}${properties.map((source) => `,${source}`).join('')}}`
}

function emptyProperty(member: DescField | DescOneof): string {
  const name = JSON.stringify(member.localName)
  if (member.kind === 'oneof') return `${name}:{case:undefined}`
  switch (member.fieldKind) {
    case 'list':
      return `${name}:[]`
    case 'map':
      return `${name}:{}`
    case 'message':
      return ''
    default:
      return member.oneof === undefined ? `${name}:${zeroSource(member)}` : ''
  }
}

/** JavaScript source of the value of an absent singular scalar or enum field. */
export function zeroSource(field: DescField): string {
  if (field.presence !== IMPLICIT) throw new Error(`${field} has a presence that the binary codec does not know`)
  return field.enum === undefined ? scalarPlan(field).zero : String(field.enum.values[0]?.number ?? 0)
}

/** FeatureSet.FieldPresence.IMPLICIT of descriptor.proto. */
const IMPLICIT = 2
