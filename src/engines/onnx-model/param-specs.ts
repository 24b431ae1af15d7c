import { type JsonValue, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { ModelTypeField_ModelTypeFieldType as Kind, type ModelTypeField } from '../../contract/index.ts'
import { invalidParam } from '../params.ts'
import { PARAMS_MAX, TENSOR_NAME_MAX } from './limits.ts'

/** A parameter that an uploader declares for his model beyond those of its type. */
export interface ParamSpec {
  readonly name: string
  readonly otherwise: string | number | boolean
}

const PATH = /^(?:output_info\.params\.)?([A-Za-z_][\w-]*)$/
const KINDS: ReadonlyMap<Kind, string> = new Map([
  [Kind.BOOLEAN, 'boolean'],
  [Kind.STRING, 'string'],
  [Kind.NUMBER, 'number'],
])

/**
 * Reads `output_info.params_specs` of an upload: each is a boolean, a text or a number with a default. Throws AppError
 * 21202 that names the one that is wrong.
 */
export function readParamSpecs(fields: readonly ModelTypeField[]): ParamSpec[] {
  if (fields.length > PARAMS_MAX) {
    throw invalidParam(`The output_info.params_specs has ${fields.length} entries; use at most ${PARAMS_MAX}.`)
  }
  const known = new Set<string>()
  return fields.map(({ path, fieldType, defaultValue }) => {
    const name = PATH.exec(path)?.[1]
    if (name === undefined || name.length > TENSOR_NAME_MAX || known.has(name)) {
      throw invalidParam(
        `The path '${path.slice(0, TENSOR_NAME_MAX)}' in output_info.params_specs must be output_info.params. and a name, each one once.`,
      )
    }
    known.add(name)
    const kind = KINDS.get(fieldType)
    if (kind === undefined) {
      throw invalidParam(
        `The field_type of '${name}' in output_info.params_specs must be BOOLEAN (1), STRING (2) or NUMBER (3); a graph has no use for others.`,
      )
    }
    const otherwise: JsonValue | undefined = defaultValue && toJson(ValueSchema, defaultValue)
    if (typeof otherwise !== kind) {
      throw invalidParam(`The default_value of '${name}' in output_info.params_specs must be a ${kind}.`)
    }
    return { name, otherwise: otherwise as ParamSpec['otherwise'] }
  })
}
