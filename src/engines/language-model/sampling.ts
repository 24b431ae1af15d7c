/** How the next token is chosen. */
export interface Sampling {
  /** 0 always takes the likeliest; the higher, the freer. */
  readonly temperature: number
  /** The likeliest tokens that together have this probability are drawn from. */
  readonly topP: number
}

/** The next token out of the logits of all; `random` is a number from 0 to below 1. */
export function sample(logits: Float32Array, { temperature, topP }: Sampling, random: number): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id
  if (temperature <= 0) return best
  const top = logits[best]!
  const weights = logits.map((logit) => Math.exp((logit - top) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  // Sorting all tokens of a large vocabulary is slow, and most have no weight.
  const ids = [...weights.keys()].filter((id) => weights[id]! > total * 1e-6).sort((a, b) => weights[b]! - weights[a]!)
  const kept: number[] = []
  let sum = 0
  for (const id of ids) {
    kept.push(id)
    sum += weights[id]!
    if (sum >= topP * total) break
  }
  let rest = random * sum
  for (const id of kept) {
    rest -= weights[id]!
    if (rest < 0) return id
  }
  return kept.at(-1)!
}
