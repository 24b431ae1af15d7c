import { seededRandom } from './random.ts'
import type { HeadOrder } from './types.ts'

/** Examples in clouds, one cloud per concept; the concepts take turns, and each example is labelled with its own. */
export function clouds(examples: number, dims: number, concepts: number, spread = 1): HeadOrder {
  const random = seededRandom(examples * 31 + dims)
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const centres = Float32Array.from({ length: concepts * dims }, normal)
  const embeddings = new Float32Array(examples * dims)
  for (let row = 0; row < examples; row++) {
    const from = (row % concepts) * dims
    for (let at = 0; at < dims; at++) embeddings[row * dims + at] = 2 + centres[from + at]! + spread * normal()
  }
  return {
    embeddings,
    dims,
    concepts,
    labels: {
      rows: Int32Array.from({ length: examples }, (_, row) => row),
      concepts: Int32Array.from({ length: examples }, (_, row) => row % concepts),
      values: new Float32Array(examples).fill(1),
    },
    mutuallyExclusive: false,
  }
}

/** The concept with the highest score of each example. */
export function bestConcepts(
  { embeddings, dims, concepts }: HeadOrder,
  { weights, bias }: { readonly weights: Float32Array; readonly bias: Float32Array },
): number[] {
  return Array.from({ length: embeddings.length / dims }, (_, row) => {
    const scores = Array.from({ length: concepts }, (_unused, concept) => {
      let sum = bias[concept]!
      for (let at = 0; at < dims; at++) sum += weights[concept * dims + at]! * embeddings[row * dims + at]!
      return sum
    })
    return scores.indexOf(Math.max(...scores))
  })
}
