import type { Reader } from '../../store/database.ts'
import { vectorPlaces, vectorsAt } from '../../store/repos/training-examples.ts'
import type { Example } from './examples.ts'
import type { VectorShelf } from './shelf.ts'

/** Vectors of examples (rows x dims), and which examples they are of; examples without a vector are left out. */
export interface ExampleVectors {
  readonly matrix: Float32Array
  /** 0 when there is no vector at all. */
  readonly dims: number
  /** For each row its place in the list of examples. */
  readonly rows: Int32Array
}

/** Whose stored vectors are wanted. */
export interface StoredWish {
  readonly appPk: number
  readonly modelVersionPk: number
  readonly examples: readonly Example[]
}

/**
 * The vectors that a model version has stored of examples, read from the database as far as they do not lie on the
 * shelf. Of several about one example (frames of a video) the mean is taken. Vectors of another length than the first
 * are left out.
 */
export async function storedVectors(
  db: Reader,
  shelf: VectorShelf,
  { appPk, modelVersionPk, examples }: StoredWish,
): Promise<ExampleVectors> {
  const places = new Map<string, number>()
  for (const [at, { inputPk, regionId }] of examples.entries()) places.set(keyOf(inputPk, regionId), at)
  const inputPks = [...new Set(examples.map(({ inputPk }) => inputPk))]
  const own: { readonly pk: number; readonly place: number }[] = []
  let dims = 0
  for (const row of await vectorPlaces(db, modelVersionPk, inputPks)) {
    const place = places.get(keyOf(row.input_pk, row.region_id))
    if (place === undefined || row.dimension === 0) continue
    dims ||= row.dimension
    if (row.dimension === dims) own.push({ pk: row.pk, place })
  }
  const before = shelf.of(appPk, modelVersionPk)
  const vectors = new Map<number, Float32Array>()
  for (const { pk } of own) {
    const known = before?.get(pk)
    if (known) vectors.set(pk, known)
  }
  const missing = own.filter(({ pk }) => !vectors.has(pk)).map(({ pk }) => pk)
  for await (const part of vectorsAt(db, missing)) for (const { pk, vector } of part) vectors.set(pk, floatsOf(vector))
  shelf.keep(appPk, modelVersionPk, vectors)
  return { dims, ...meansOf(own, vectors, dims, examples.length) }
}

const keyOf = (inputPk: number, regionId: string): string => `${inputPk} ${regionId}`

/** Copied, as the bytes of a row may lie anywhere in a buffer that is large or used again. */
const floatsOf = (bytes: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer)

/** One row for each example that has vectors, in the order of examples. */
function meansOf(
  own: readonly { readonly pk: number; readonly place: number }[],
  vectors: ReadonlyMap<number, Float32Array>,
  dims: number,
  examples: number,
): Pick<ExampleVectors, 'matrix' | 'rows'> {
  const counts = new Int32Array(examples)
  for (const { pk, place } of own) if (vectors.has(pk)) counts[place]!++
  const rows: number[] = []
  const rowOf = new Int32Array(examples)
  for (const [place, count] of counts.entries()) if (count > 0) rowOf[place] = rows.push(place) - 1
  const matrix = new Float32Array(rows.length * dims)
  for (const { pk, place } of own) {
    const vector = vectors.get(pk)
    // Deleted between the two looks.
    if (!vector) continue
    const start = rowOf[place]! * dims
    const count = counts[place]!
    if (count === 1) matrix.set(vector, start)
    else for (let at = 0; at < dims; at++) matrix[start + at]! += vector[at]! / count
  }
  return { matrix, rows: Int32Array.from(rows) }
}

/** Labels of the examples that have a vector, with rows of the matrix instead of places of examples. */
export function labelsOfRows<L extends { rows: Int32Array; concepts: Int32Array; values: Float32Array }>(
  labels: L,
  rows: Int32Array,
): { rows: Int32Array; concepts: Int32Array; values: Float32Array } {
  if (rows.every((place, row) => place === row) && labels.rows.every((place) => place < rows.length)) return labels
  const rowOf = new Map([...rows].map((place, row) => [place, row]))
  const kept = [...labels.rows.keys()].filter((at) => rowOf.has(labels.rows[at]!))
  return {
    rows: Int32Array.from(kept, (at) => rowOf.get(labels.rows[at]!)!),
    concepts: Int32Array.from(kept, (at) => labels.concepts[at]!),
    values: Float32Array.from(kept, (at) => labels.values[at]!),
  }
}
