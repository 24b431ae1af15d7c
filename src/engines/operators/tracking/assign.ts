import { munkres } from 'munkres'

/** A row and a column that belong together, and what that costs. */
export interface Pair {
  readonly row: number
  readonly column: number
  readonly cost: number
}

/**
 * Assigns rows to columns, one to one, at the least total cost (Hungarian method). Pairs that cost more than `limit`
 * are not answered; with `ruleOut` they are out of the question from the start, so that as many pairs as possible
 * are within the limit, else they may still displace others. Infinity stands for pairs that must never be.
 */
export function assign(costs: readonly (readonly number[])[], limit: number, ruleOut = true): Pair[] {
  if (costs.length === 0 || costs[0]!.length === 0) return []
  const isOut = (cost: number): boolean => !Number.isFinite(cost) || (ruleOut && cost > limit)
  const highest = costs.flat().reduce((most, cost) => (isOut(cost) ? most : Math.max(most, cost)), 0)
  // Dearer than any set of allowed pairs together, so that a forbidden pair stands only where there is no other way.
  const forbidden = (highest + 1) * (Math.min(costs.length, costs[0]!.length) + 1)
  return munkres(costs.map((row) => row.map((cost) => (isOut(cost) ? forbidden : cost))))
    .map(([row, column]) => ({ row, column, cost: costs[row]![column]! }))
    .filter(({ cost }) => Number.isFinite(cost) && cost <= limit)
}
