import { toUnit } from './distance.ts'

/** Pseudo-random numbers in 0..1 from a seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Makes unit vectors that lie around centres, as embeddings do. */
export function clustered(dimension: number, centres: number, seed: number, spread = 0.7): () => Float32Array {
  const next = random(seed)
  const gauss = (): number => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next())
  const middles = Array.from({ length: centres }, () => Float32Array.from({ length: dimension }, gauss))
  return () => {
    const middle = middles[Math.floor(next() * centres)]!
    return toUnit(middle.map((value) => value + spread * gauss()))
  }
}

/** Memory without a limit. */
export const boundless = { take: () => true, give: () => {} }
/** No memory at all: everything is read from disk. */
export const none = { take: () => false, give: () => {} }
