import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, DataSchema, type Image, type Input, type Part } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** Most arguments of one call of a method, those inside lists included. */
const ARGUMENTS_MAX = 1_024

/** The arguments of a call of a method, by name; clients write one value in several ways. */
export class MethodArgs {
  readonly #parts: ReadonlyMap<string, Data>

  constructor(parts: readonly Part[]) {
    if (parts.length > ARGUMENTS_MAX) {
      throw invalid(`The call has ${parts.length} arguments; use at most ${ARGUMENTS_MAX}.`)
    }
    this.#parts = new Map(parts.map(({ id, data }) => [id, data ?? create(DataSchema)]))
  }

  /** Names of all arguments. */
  get names(): string[] {
    return [...this.#parts.keys()]
  }

  /** The data of an argument as it came. */
  data(name: string): Data | undefined {
    return this.#parts.get(name)
  }

  /** A text; undefined where it is absent or empty. */
  text(name: string): string | undefined {
    const data = this.#parts.get(name)
    return data?.stringValue || data?.text?.raw || undefined
  }

  /** A number; undefined where it is absent, as zero and absent look the same. */
  number(name: string): number | undefined {
    const data = this.#parts.get(name)
    if (!data) return undefined
    const text = data.stringValue.trim()
    const value = data.floatValue || Number(data.intValue) || (text === '' ? 0 : Number(text))
    if (!Number.isFinite(value)) throw invalid(`The argument ${name} must be a number.`)
    return value
  }

  /** The pictures of an argument that holds one or a list of them. */
  images(name: string): Image[] {
    const data = this.#parts.get(name)
    if (!data) return []
    const all = [data.image, ...data.parts.map((part) => part.data?.image)]
    return all.filter((image) => image !== undefined)
  }

  /** The texts of an argument that holds a list of them, as parts, as JSON, or a single one. */
  texts(name: string): string[] {
    const data = this.#parts.get(name)
    if (!data) return []
    if (data.parts.length > 0) return data.parts.map((part) => part.data?.stringValue ?? '')
    const listed = data.stringValue.startsWith('[')
      ? parse(data.stringValue)
      : (data.structValue?._list ?? data.stringValue)
    const texts = Array.isArray(listed) ? listed : [listed]
    if (texts.every((text) => typeof text === 'string')) return texts.filter((text) => text !== '')
    throw invalid(`The argument ${name} must be a list of texts.`)
  }

  /** A list of JSON objects: JSON as text, a struct, or a struct that wraps a list. */
  objects(name: string): JsonObject[] {
    const data = this.#parts.get(name)
    if (!data) return []
    const value: JsonValue | undefined =
      data.stringValue === ''
        ? data.structValue && (data.structValue._list ?? [data.structValue])
        : parse(data.stringValue)
    if (value === undefined || value === null) return []
    if (Array.isArray(value) && value.every(isObject)) return value
    throw invalid(`The argument ${name} must be a list of objects.`)
  }
}

/** The method that an input calls, or undefined for an input that is simply data. */
export function methodOf({ data }: Input): string | undefined {
  const name = data?.metadata?._method_name
  if (typeof name === 'string' && name !== '') return name
  return data && data.parts.length > 0 ? 'predict' : undefined
}

/** The refusal of a call of a method. */
export const invalid = (details: string): AppError => new AppError(StatusCode.PREDICT_INVALID_REQUEST, details)

/** Text as JSON; throws AppError 40001 when it is none. */
export function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    throw invalid('An argument that should be JSON is none.')
  }
}

/** Whether JSON is an object. */
export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
