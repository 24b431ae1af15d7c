import type { JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import type { Concept, Data } from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { dataOf } from '../workflow/data.ts'
import type { Engine, EngineItem, EngineSetup, LoadedEngine } from './engine.ts'
import { invalidParam } from './params.ts'
import { dots, type Row, sigmoid, softmax } from './vectors.ts'

/** A linear head: for each concept a row of weights and a bias. */
export interface LinearHead {
  readonly rows: readonly Row[]
  readonly bias: readonly number[]
  readonly activation: 'sigmoid' | 'softmax'
  readonly dimensions: number
}

/** Prepared heads by the parameters they come from, which a plan keeps for all its runs. */
const heads = new WeakMap<object, LinearHead>()

/**
 * Sorts embeddings with a linear head: embeddings -> concepts of the model version, best first.
 *
 * `params.weights` has a row per concept: an array of arrays of numbers, or base64 of float32 (little endian) row by
 * row; `params.bias` likewise; `params.activation` is `sigmoid` (each concept by itself) or `softmax`.
 */
export const embeddingClassifier: Engine = {
  name: 'embedding-classifier',
  weights: [],
  async load(): Promise<LoadedEngine> {
    return {
      bytes: 0,
      dispose: async () => {},
      infer: async (items, setup) => answersOf(items, setup),
      // Without waiting between heads: one takes microseconds, and a picture may have dozens of them.
      inferMany: async (items, setups) => setups.map((setup) => answersOf(items, setup)),
    }
  },
}

function answersOf(items: readonly EngineItem[], setup: EngineSetup): Data[] {
  const head = headOf(setup)
  return items.map(({ data }) => {
    const vector = data.embeddings[0]?.vector
    if (!vector) {
      throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The classifier works on embeddings; send embeddings.')
    }
    return dataOf({ concepts: classify(head, vector, setup.concepts) })
  })
}

/** Concepts with their values, best first. Throws AppError 21202 when the vector has the wrong length. */
export function classify(head: LinearHead, vector: readonly number[], concepts: readonly Concept[]): Concept[] {
  const values = scoresOf(head, vector)
  return concepts.map((concept, at): Concept => ({ ...concept, value: values[at]! })).sort((a, b) => b.value - a.value)
}

/** Values of the concepts in the order of the head's rows. Throws AppError 21202 when the vector has the wrong length. */
export function scoresOf(head: LinearHead, vector: ArrayLike<number>): number[] {
  if (vector.length !== head.dimensions) {
    throw invalidParam(
      `The classifier was made for embeddings of ${head.dimensions} numbers, but this one has ${vector.length}; use the base embedder it was trained with.`,
    )
  }
  const sums = dots(head.rows, vector).map((sum, at) => sum + head.bias[at]!)
  return head.activation === 'softmax' ? softmax(sums) : sums.map(sigmoid)
}

/** Reads the head of a model version. Throws AppError 21202 when its parts do not fit together. */
export function headOf({ params, concepts }: EngineSetup): LinearHead {
  const known = heads.get(params)
  if (known) return known
  const { activation = 'sigmoid' } = params
  if (activation !== 'sigmoid' && activation !== 'softmax') {
    throw invalidParam('The parameter activation must be sigmoid or softmax.')
  }
  const rows = readRows(params.weights, concepts.length)
  const bias =
    params.bias === undefined || params.bias === null ? rows.map(() => 0) : [...readNumbers(params.bias, 'bias')]
  if (bias.length !== rows.length) {
    throw invalidParam(`The classifier has ${bias.length} biases for ${rows.length} concepts; both must be equal.`)
  }
  const head: LinearHead = { rows, bias, activation, dimensions: rows[0]!.length }
  heads.set(params, head)
  return head
}

function readRows(weights: JsonValue | undefined, count: number): Row[] {
  if (count === 0) throw invalidParam('The classifier has no concepts; train it first.')
  if (weights === undefined || weights === null) throw invalidParam('The classifier has no weights; train it first.')
  const rows = Array.isArray(weights)
    ? weights.map((row) => readNumbers(row, 'weights'))
    : splitRows(readNumbers(weights, 'weights'), count)
  if (rows.length !== count) {
    throw invalidParam(`The classifier has ${rows.length} rows of weights for ${count} concepts; both must be equal.`)
  }
  if (rows[0]!.length === 0 || rows.some((row) => row.length !== rows[0]!.length)) {
    throw invalidParam('All rows of the weights of a classifier must have the same length, at least 1.')
  }
  // Training makes float32. Heads that fit into the processor's cache are several times as fast as those that do not.
  return rows.every((row) => row.every((weight) => Math.fround(weight) === weight))
    ? rows.map((row) => Float32Array.from(row))
    : rows
}

function splitRows(flat: Float64Array, count: number): Float64Array[] {
  if (flat.length % count !== 0) {
    throw invalidParam(`The ${flat.length} weights of the classifier cannot be shared out among ${count} concepts.`)
  }
  const length = flat.length / count
  return Array.from({ length: count }, (_, at) => flat.subarray(at * length, (at + 1) * length))
}

function readNumbers(value: JsonValue | undefined, name: string): Float64Array {
  const numbers = typeof value === 'string' ? fromBase64(value, name) : value
  if (!Array.isArray(numbers) || !numbers.every((number) => typeof number === 'number' && Number.isFinite(number))) {
    throw notNumbers(name)
  }
  return Float64Array.from(numbers as number[])
}

function fromBase64(text: string, name: string): number[] {
  const bytes = Buffer.from(text, 'base64')
  const canonical = bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
  if (!canonical || bytes.length % 4 !== 0) throw notNumbers(name)
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}

function notNumbers(name: string): AppError {
  return invalidParam(`The parameter ${name} must be finite numbers: lists, or base64 of float32.`)
}
