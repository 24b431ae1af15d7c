import type { Reader } from '../../store/database.ts'
import { type VectorRow, vectorsBy } from '../../store/repos/training-examples.ts'
import type { Example } from './examples.ts'

/** Vectors of examples (rows x dims), and which examples they are of; examples without a vector are left out. */
export interface ExampleVectors {
  readonly matrix: Float32Array
  /** 0 when there is no vector at all. */
  readonly dims: number
  /** For each row its place in the list of examples. */
  readonly rows: Int32Array
}

/**
 * The vectors that a model version has stored of examples. Of several about one example (frames of a video) the mean is
 * taken. Vectors of another length than the first are left out.
 */
export async function storedVectors(
  db: Reader,
  modelVersionPk: number,
  examples: readonly Example[],
): Promise<ExampleVectors> {
  const places = new Map<string, number>()
  for (const [at, { inputPk, regionId }] of examples.entries()) places.set(keyOf(inputPk, regionId), at)
  const inputPks = [...new Set(examples.map(({ inputPk }) => inputPk))]
  let sums: Float32Array | undefined
  let dims = 0
  const counts = new Int32Array(examples.length)
  for await (const part of vectorsBy(db, modelVersionPk, inputPks)) {
    for (const row of part) {
      const place = places.get(keyOf(row.input_pk, row.region_id))
      if (place === undefined || row.dimension === 0) continue
      dims ||= row.dimension
      if (row.dimension !== dims) continue
      sums ??= new Float32Array(examples.length * dims)
      const vector = floatsOf(row)
      if (counts[place]!++ === 0) sums.set(vector, place * dims)
      else for (let at = 0; at < dims; at++) sums[place * dims + at]! += vector[at]!
    }
  }
  return { dims, ...packed(sums ?? new Float32Array(0), dims, counts) }
}

const keyOf = (inputPk: number, regionId: string): string => `${inputPk} ${regionId}`

function floatsOf({ vector, dimension }: VectorRow): Float32Array {
  // The bytes of a row may lie anywhere in a larger buffer.
  const aligned = vector.byteOffset % 4 === 0 ? vector : Uint8Array.from(vector)
  return new Float32Array(aligned.buffer, aligned.byteOffset, dimension)
}

/** Moves the rows that have vectors together, as means. */
function packed(sums: Float32Array, dims: number, counts: Int32Array): Pick<ExampleVectors, 'matrix' | 'rows'> {
  const rows: number[] = []
  for (const [place, count] of counts.entries()) {
    if (count === 0) continue
    if (count > 1) for (let at = place * dims; at < (place + 1) * dims; at++) sums[at]! /= count
    if (rows.length !== place) sums.copyWithin(rows.length * dims, place * dims, (place + 1) * dims)
    rows.push(place)
  }
  return { matrix: sums.slice(0, rows.length * dims), rows: Int32Array.from(rows) }
}

/** Labels of the examples that have a vector, with rows of the matrix instead of places of examples. */
export function labelsOfRows<L extends { rows: Int32Array; concepts: Int32Array; values: Float32Array }>(
  labels: L,
  rows: Int32Array,
): { rows: Int32Array; concepts: Int32Array; values: Float32Array } {
  const rowOf = new Map([...rows].map((place, row) => [place, row]))
  const kept = [...labels.rows.keys()].filter((at) => rowOf.has(labels.rows[at]!))
  return {
    rows: Int32Array.from(kept, (at) => rowOf.get(labels.rows[at]!)!),
    concepts: Int32Array.from(kept, (at) => labels.concepts[at]!),
    values: Float32Array.from(kept, (at) => labels.values[at]!),
  }
}
