/** What a RunningMean knows. */
export type SavedMean = [number | null, number]

/** Mean and deviation of a row of numbers in which newer ones count more: each with `weight`, what was with the rest. */
export class RunningMean {
  readonly #weight: number
  #mean: number | undefined
  #variance = 0

  constructor(weight: number) {
    this.#weight = weight
  }

  /** 0 before the first number. */
  get mean(): number {
    return this.#mean ?? 0
  }

  get deviation(): number {
    return Math.sqrt(this.#variance)
  }

  /** Mean and variance; no mean before the first number. */
  save(): SavedMean {
    return [this.#mean ?? null, this.#variance]
  }

  restore([mean, variance]: SavedMean): void {
    this.#mean = mean ?? undefined
    this.#variance = variance
  }

  add(value: number): void {
    if (this.#mean === undefined) {
      this.#mean = value
      return
    }
    const step = value - this.#mean
    this.#mean += this.#weight * step
    this.#variance = (1 - this.#weight) * (this.#variance + this.#weight * step ** 2)
  }
}
