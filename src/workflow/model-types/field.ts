import { create, fromJson, type JsonValue } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import {
  ModelTypeField_ModelTypeFieldType as Kind,
  type ModelTypeEnumOption,
  ModelTypeEnumOptionSchema,
  type ModelTypeField,
  ModelTypeFieldSchema,
} from '../../contract/index.ts'

export { Kind }

/** What may be said about a field beside its path, kind and default. */
export interface FieldExtras {
  readonly description?: string
  readonly required?: boolean
  readonly internalOnly?: boolean
}

/** Settings of a numeric field with limits; values are rounded to `step` from `min` on. */
export interface Range {
  readonly min: number
  readonly max: number
  readonly step: number
}

/** Path prefixes under which the parameters of model versions are stored. */
export const INFERENCE = 'output_info.params'
export const TRAINING = 'train_info.params'
export const EVALUATION = 'eval_info.params'

/** A field of any kind; `value` undefined means that there is no default. Clients count on a placeholder in each. */
export function field(
  path: string,
  kind: Kind,
  value: JsonValue | undefined,
  extras: FieldExtras = {},
): ModelTypeField {
  return create(ModelTypeFieldSchema, {
    path,
    fieldType: kind,
    placeholder: path.slice(path.lastIndexOf('.') + 1),
    defaultValue: value === undefined ? undefined : fromJson(ValueSchema, value),
    ...extras,
  })
}

/** A number between limits. */
export function range(path: string, value: number, limits: Range, extras: FieldExtras = {}): ModelTypeField {
  const made = field(path, Kind.RANGE, value, extras)
  return { ...made, modelTypeRangeInfo: { $typeName: 'clarifai.api.ModelTypeRangeInfo', ...limits } }
}

/** One of several named values; an option may also be written as its number. */
export interface Choice {
  readonly id: string
  readonly description?: string
  readonly number?: number
  readonly fields?: readonly ModelTypeField[]
  readonly internalOnly?: boolean
  readonly recommended?: boolean
}

/** A choice of named values. */
export function choice(
  path: string,
  value: string | undefined,
  options: readonly (Choice | string)[],
  extras: FieldExtras = {},
): ModelTypeField {
  const made = field(path, Kind.ENUM, value, extras)
  return { ...made, modelTypeEnumOptions: options.map(optionOf) }
}

/** The field from which the clients learn the training templates of a type and the parameters of each. */
export function templates(value: string, options: readonly Choice[]): ModelTypeField {
  const made = field(`${TRAINING}.template`, Kind.RECURSIVE_ENUM, value, {
    description: 'Kind of training.',
    required: true,
  })
  return { ...made, modelTypeEnumOptions: options.map(optionOf) }
}

function optionOf(option: Choice | string): ModelTypeEnumOption {
  if (typeof option === 'string') return create(ModelTypeEnumOptionSchema, { id: option })
  const { id, description, number, fields, internalOnly, recommended } = option
  return create(ModelTypeEnumOptionSchema, {
    id,
    description,
    internalOnly,
    recommended,
    aliases: number === undefined ? [] : [{ idInt: BigInt(number) }],
    modelTypeFields: [...(fields ?? [])],
  })
}

/** Shorthands for parameters of one kind of path: `inference.number('margin', 1)`. */
export function paramsAt(prefix: string) {
  const at = (name: string): string => `${prefix}.${name}`
  return {
    boolean: (name: string, value: boolean, extras?: FieldExtras) => field(at(name), Kind.BOOLEAN, value, extras),
    number: (name: string, value: number | undefined, extras?: FieldExtras) =>
      field(at(name), Kind.NUMBER, value, extras),
    string: (name: string, value: string | undefined, extras?: FieldExtras) =>
      field(at(name), Kind.STRING, value, extras),
    code: (name: string, value: string | undefined, extras?: FieldExtras) =>
      field(at(name), Kind.PYTHON_CODE, value, extras),
    numbers: (name: string, value: number[], extras?: FieldExtras) =>
      field(at(name), Kind.ARRAY_OF_NUMBERS, value, extras),
    strings: (name: string, value: string[], extras?: FieldExtras) =>
      field(at(name), Kind.ARRAY_OF_STRINGS, value, extras),
    json: (name: string, value: JsonValue, extras?: FieldExtras) => field(at(name), Kind.JSON, value, extras),
    range: (name: string, value: number, min: number, max: number, step: number, extras?: FieldExtras) =>
      range(at(name), value, { min, max, step }, extras),
    choice: (name: string, value: string | undefined, options: readonly (Choice | string)[], extras?: FieldExtras) =>
      choice(at(name), value, options, extras),
  }
}
