/** A concept in the words of any client. */
interface AnyConcept {
  readonly id: string
  readonly name: string
  readonly value: number
}

/**
 * The part of a prediction that must be the same whoever asks: ids, names and single-precision values in order.
 *
 * JSON prints the shortest decimal of a float32, binary clients hand the float32 over as a double.
 */
export function tags(concepts: readonly AnyConcept[]): [id: string, name: string, value: number][] {
  return concepts.map(({ id, name, value }) => [id, name, Math.fround(value)])
}
