import type { Concept } from '../../contract/index.ts'
import type { EngineSetup } from '../engine.ts'
import { booleanParam, invalidParam } from '../params.ts'

type Compare = (value: number, threshold: number) => boolean

/** Comparisons by the name and the number that the contract gives them. */
const COMPARISONS: ReadonlyMap<string, Compare> = new Map(
  (
    [
      ['GREATER_THAN', 1, (value, threshold) => value > threshold],
      ['GREATER_THAN_OR_EQUAL', 2, (value, threshold) => value >= threshold],
      ['LESS_THAN', 3, (value, threshold) => value < threshold],
      ['LESS_THAN_OR_EQUAL', 4, (value, threshold) => value <= threshold],
      ['EQUAL', 5, (value, threshold) => value === threshold],
    ] satisfies [string, number, Compare][]
  ).flatMap(([name, number, compare]): [string, Compare][] => [
    [name, compare],
    [String(number), compare],
  ]),
)

/**
 * Reads the thresholds of a node: the values of its concepts, by id, or by name where a concept has no id. The result
 * tells which of a list of concepts pass. Throws AppError 21202 for an unknown comparison.
 */
export function thresholdFilter({ params, concepts }: EngineSetup): (list: readonly Concept[]) => Concept[] {
  const type = params.concept_threshold_type ?? 'GREATER_THAN_OR_EQUAL'
  const compare = COMPARISONS.get(String(type))
  if (!compare) throw invalidParam(`The parameter concept_threshold_type cannot be ${JSON.stringify(type)}.`)
  const dropOthers = booleanParam(params, 'filter_other_concepts', true)
  const byId = new Map(concepts.filter(({ id }) => id !== '').map(({ id, value }) => [id, value]))
  const byName = new Map(concepts.filter(({ id }) => id === '').map(({ name, value }) => [name, value]))
  return (list) =>
    list.filter(({ id, name, value }) => {
      const threshold = byId.get(id) ?? byName.get(name)
      if (threshold === undefined) return !dropOthers
      // Thresholds come from 32-bit fields; values of engines may be finer, which would upset equality.
      return compare(Math.fround(value), Math.fround(threshold))
    })
}
