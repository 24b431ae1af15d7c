import { normalised } from '../../vectors.ts'

/** What is known of the vectors of one track. */
export interface VectorMemory {
  add(vector: readonly number[]): void
  /** The vector that stands for the track by now; undefined before the first. */
  readonly value: readonly number[] | undefined
  /** The vectors that it goes on from, for `restore`; of many only the newest. */
  save(): SavedVectors
  restore(saved: SavedVectors): void
}

/** Vectors as 32-bit numbers in base64, oldest first. */
export type SavedVectors = readonly string[]

/** A vector as a text. */
export const packVector = (vector: readonly number[]): string =>
  Buffer.from(Float32Array.from(vector).buffer).toString('base64')

/** What packVector made, as a vector again. */
export function unpackVector(text: string): number[] {
  const { buffer } = Uint8Array.from(Buffer.from(text, 'base64'))
  return Array.from(new Float32Array(buffer))
}

const saveOne = (vector: readonly number[] | undefined): SavedVectors => (vector ? [packVector(vector)] : [])

/** Vectors of one track that are kept from one call to the next. */
const VECTORS_SAVED_MAX = 16

/** Vectors that means and medians look back on. */
const VECTORS_MAX = 150
/** How much the newest vector counts in a running mean. */
const NEWEST_WEIGHT = 0.5

/** The newest vector alone. */
export class Newest implements VectorMemory {
  value: readonly number[] | undefined

  add(vector: readonly number[]): void {
    this.value = vector
  }

  save(): SavedVectors {
    return saveOne(this.value)
  }

  restore(saved: SavedVectors): void {
    for (const vector of saved) this.add(unpackVector(vector))
  }
}

class Running implements VectorMemory {
  value: readonly number[] | undefined

  add(vector: readonly number[]): void {
    const before = this.value?.length === vector.length ? this.value : vector
    this.value = vector.map((value, at) => NEWEST_WEIGHT * value + (1 - NEWEST_WEIGHT) * before[at]!)
  }

  save(): SavedVectors {
    return saveOne(this.value)
  }

  restore(saved: SavedVectors): void {
    for (const vector of saved) this.add(unpackVector(vector))
  }
}

/** The last VECTORS_MAX vectors, combined when somebody asks; one of another length begins anew. */
class Combined implements VectorMemory {
  readonly #combine: (values: number[]) => number
  #vectors: (readonly number[])[] = []
  #value: readonly number[] | undefined

  constructor(combine: (values: number[]) => number) {
    this.#combine = combine
  }

  add(vector: readonly number[]): void {
    if (this.#vectors[0]?.length !== vector.length) this.#vectors = []
    this.#vectors.push(vector)
    if (this.#vectors.length > VECTORS_MAX) this.#vectors.shift()
    this.#value = undefined
  }

  save(): SavedVectors {
    return this.#vectors.slice(-VECTORS_SAVED_MAX).map(packVector)
  }

  restore(saved: SavedVectors): void {
    for (const vector of saved) this.add(unpackVector(vector))
  }

  get value(): readonly number[] | undefined {
    this.#value ??= this.#vectors.at(-1)?.map((_, at) => this.#combine(this.#vectors.map((one) => one[at]!)))
    return this.#value
  }
}

/** Vectors are brought to length 1 before they are taken together, so that each counts the same. */
class OfUnits implements VectorMemory {
  readonly #memory: VectorMemory

  constructor(memory: VectorMemory) {
    this.#memory = memory
  }

  add(vector: readonly number[]): void {
    this.#memory.add(Array.from(normalised(vector)))
  }

  get value(): readonly number[] | undefined {
    return this.#memory.value
  }

  save(): SavedVectors {
    return this.#memory.save()
  }

  restore(saved: SavedVectors): void {
    this.#memory.restore(saved)
  }
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Ways of taking the vectors of a track together, by the names of the parameter var_tracker. */
export const VECTOR_MEMORIES = {
  na: () => new Newest(),
  ma: () => new Combined(mean),
  ema: () => new Running(),
  med: () => new Combined(median),
  nanorm: () => new OfUnits(new Newest()),
  manorm: () => new OfUnits(new Combined(mean)),
  emanorm: () => new OfUnits(new Running()),
  mednorm: () => new OfUnits(new Combined(median)),
} satisfies Record<string, () => VectorMemory>
