import type { Targets } from './losses.ts'
import { seededRandom, shuffled } from './random.ts'

/**
 * Shares examples out among parts so that each concept's examples are spread evenly (stratified): the part of each row,
 * from 0. The same seed gives the same parts. At most 255 parts.
 *
 * Rows are taken in a random order, those with the rarest concepts first, and each goes to the part that has fewest of
 * its rarest concept (of those the one with fewest rows).
 */
export function makeFolds({ rows, concepts, wanted, weights }: Targets, parts: number, seed: number): Uint8Array {
  const positives = new Float64Array(concepts)
  for (let row = 0; row < rows; row++) {
    for (let concept = 0; concept < concepts; concept++) {
      const at = row * concepts + concept
      if (weights[at]! > 0 && wanted[at]! >= 0.5) positives[concept]!++
    }
  }
  const rarest = Int32Array.from({ length: rows }, (_, row) => {
    let found = -1
    for (let concept = 0; concept < concepts; concept++) {
      const at = row * concepts + concept
      if (weights[at]! === 0 || wanted[at]! < 0.5) continue
      if (found < 0 || positives[concept]! < positives[found]!) found = concept
    }
    return found
  })
  const rank = (row: number): number => (rarest[row]! < 0 ? Number.POSITIVE_INFINITY : positives[rarest[row]!]!)
  const order = [...shuffled(rows, seededRandom(seed))].sort((a, b) =>
    rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0,
  )
  const ofConcept = new Float64Array((concepts + 1) * parts)
  const ofPart = new Float64Array(parts)
  const folds = new Uint8Array(rows)
  for (const row of order) {
    const from = (rarest[row]! + 1) * parts
    let best = 0
    for (let part = 1; part < parts; part++) {
      const fewer = ofConcept[from + part]! - ofConcept[from + best]!
      if (fewer < 0 || (fewer === 0 && ofPart[part]! < ofPart[best]!)) best = part
    }
    folds[row] = best
    ofPart[best]!++
    ofConcept[from + best]!++
  }
  return folds
}

/**
 * Shares groups of examples out among parts by nothing but their numbers and the seed: whatever else is added or taken
 * away, a group stays in its part. The part of each row, from 0; each has about as many groups.
 */
export function stablePart(groups: Int32Array, { parts, seed }: { parts: number; seed: number }): Uint8Array {
  return Uint8Array.from(groups, (group) => {
    let mixed = Math.imul((group ^ Math.imul(seed, 0x9e3779b9)) >>> 0, 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) % parts
  })
}
