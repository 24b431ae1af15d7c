import { type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { AppError } from '../../base/errors.ts'
import type { ModelType, ModelTypeField } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { INFERENCE, Kind } from './field.ts'

/** Longest value of a parameter that is repeated in a message, in characters. */
const SHOWN_VALUE_LENGTH = 40

/** Default values of the parameters of a type under a path prefix (inference unless said), by name. */
export function defaultParams(type: ModelType, prefix: string = INFERENCE): JsonObject {
  const params: JsonObject = {}
  for (const [name, field] of fieldsAt(type.modelTypeFields, prefix)) {
    const value = defaultOf(field)
    if (value !== undefined) params[name] = value
  }
  return params
}

/**
 * Checks parameters against their type and completes them: numbers of a range are rounded to its step, names of
 * choices are brought to their id, defaults are added, unknown parameters stay as they are (newer clients have more).
 * Throws AppError 21202 that names the path of the first wrong or missing one.
 */
export function checkParams(type: ModelType, params: JsonObject, prefix: string = INFERENCE): JsonObject {
  const checked: JsonObject = { ...params }
  const pending = [...fieldsAt(type.modelTypeFields, prefix)]
  for (let entry = pending.shift(); entry; entry = pending.shift()) {
    const [name, field] = entry
    const given = params[name]
    const value = isAbsent(given) ? defaultOf(field) : checkValue(field, given)
    if (value === undefined || (field.required && value === '')) {
      if (field.required)
        throw invalid(`The parameter ${field.path} is required for model type ${type.id}; give it a value.`)
      delete checked[name]
      continue
    }
    checked[name] = value
    const option = field.modelTypeEnumOptions.find(({ id }) => id === value)
    if (option) pending.push(...fieldsAt(option.modelTypeFields, prefix))
  }
  return checked
}

/** Names of the parameters that are never shown again. */
export function secretParams({ modelTypeFields }: ModelType): string[] {
  const fields = [...fieldsAt(modelTypeFields, INFERENCE)]
  return fields.flatMap(([name, { fieldType }]) => (fieldType === Kind.ENCRYPTED_STRING ? [name] : []))
}

const isAbsent = (value: JsonValue | undefined): value is undefined | null => value === undefined || value === null

function* fieldsAt(fields: readonly ModelTypeField[], prefix: string): Generator<[string, ModelTypeField]> {
  for (const field of fields) {
    if (field.path.startsWith(`${prefix}.`)) yield [field.path.slice(prefix.length + 1), field]
  }
}

const defaultOf = (field: ModelTypeField): JsonValue | undefined =>
  field.defaultValue === undefined ? undefined : toJson(ValueSchema, field.defaultValue)

function checkValue(field: ModelTypeField, value: JsonValue): JsonValue {
  switch (field.fieldType) {
    case Kind.BOOLEAN:
      if (typeof value === 'boolean') return value
      if (value === 'true' || value === 1) return true
      if (value === 'false' || value === 0) return false
      throw wrong(field, value, 'true or false')
    case Kind.NUMBER:
      return numberOf(field, value)
    case Kind.RANGE:
      return inRange(field, value)
    case Kind.ENUM:
    case Kind.RECURSIVE_ENUM:
      return choiceOf(field, value)
    case Kind.ARRAY_OF_NUMBERS:
      if (!Array.isArray(value)) return [numberOf(field, value)]
      return value.map((item) => numberOf(field, item))
    case Kind.ARRAY_OF_STRINGS:
      if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
      throw wrong(field, value, 'a list of texts')
    case Kind.ARRAY_OF_CONCEPTS:
    case Kind.ARRAY_OF_CONCEPTS_WITH_THRESHOLD:
    case Kind.ARRAY_OF_MODEL_CONCEPTS:
      if (Array.isArray(value)) return value
      throw wrong(field, value, 'a list of concepts')
    case Kind.STRING:
    case Kind.PYTHON_CODE:
    case Kind.DATASET_ID:
    case Kind.DATASET_VERSION_ID:
    case Kind.ENCRYPTED_STRING:
    case Kind.COLLABORATORS:
      if (typeof value === 'string') return value
      throw wrong(field, value, 'a text')
    default:
      return value
  }
}

function numberOf(field: ModelTypeField, value: JsonValue): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw wrong(field, value, 'a number')
}

function inRange(field: ModelTypeField, value: JsonValue): number {
  const number = numberOf(field, value)
  const { min, max, step } = field.modelTypeRangeInfo!
  if (number < min || number > max) throw wrong(field, value, `from ${min} to ${max}`)
  if (step <= 0) return number
  const rounded = min + Math.round((number - min) / step) * step
  // Twelve digits drop what binary fractions add, such as 0.30000000000000004.
  return Math.min(max, Number(rounded.toPrecision(12)))
}

function choiceOf(field: ModelTypeField, value: JsonValue): string {
  const options = field.modelTypeEnumOptions
  const text = String(value)
  const found =
    options.find(({ id }) => id === text) ??
    options.find(({ aliases }) => aliases.some((alias) => alias.idInt !== 0n && alias.idInt.toString() === text))
  if (found) return found.id
  const open = options.filter(({ internalOnly }) => !internalOnly).map(({ id }) => id)
  throw wrong(field, value, `one of ${open.join(', ')}`)
}

function wrong(field: ModelTypeField, value: JsonValue, wanted: string): AppError {
  const shown = JSON.stringify(value).slice(0, SHOWN_VALUE_LENGTH)
  return invalid(`The parameter ${field.path} must be ${wanted}, not ${shown}.`)
}

const invalid = (details: string): AppError => new AppError(StatusCode.MODEL_INVALID_ARGUMENT, details)
