import type { WorkflowNode } from '../contract/index.ts'
import { node } from './test-support.ts'

/** A repeatable source of numbers in 0..1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The items in random order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const keyed = items.map((item) => ({ item, key: random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}

/** A workflow graph without circles, of 1 to 20 nodes, written in random order. */
export function randomDag(random: () => number): WorkflowNode[] {
  const count = 1 + Math.floor(random() * 20)
  const nodes = Array.from({ length: count }, (_, index) => {
    const inputs: string[] = []
    for (let from = 0; from < index; from++) if (random() < 0.2) inputs.push(`n${from}`)
    return node(`n${index}`, inputs)
  })
  return shuffled(nodes, random)
}
