import type { Data, Region } from '../../contract/index.ts'
import { dataOf } from '../data.ts'
import { ANY_FIELD, hasField } from '../fields.ts'
import { type Lookup, lookup, type Needs } from '../lookup.ts'
import { takeField } from '../take-field.ts'

/** One piece of work for an engine: what it sees, and the regions (outer to inner) it belongs to. */
export interface WorkItem {
  readonly data: Data
  readonly chain: readonly Region[]
}

/** The work that a node has on one input; depth 0 is the input itself, 1 each of its regions, and so on. */
export interface Work {
  readonly depth: number
  readonly items: readonly WorkItem[]
  /** A picture that the node sees as the only frame of a video. */
  readonly isStill?: boolean
}

/**
 * Finds a node's input fields in the data of its inputs (level 0) and, looking back, in that of its ancestors and
 * of the workflow's input (last level), as `lookup` decides. Returns undefined when a needed field is nowhere.
 */
export function gather(levels: readonly Data[], needs: Needs): Work | undefined {
  const direct = levels[0]
  if (!direct) return undefined
  if (needs.fields.includes(ANY_FIELD)) return { depth: 0, items: [{ data: direct, chain: [] }] }
  const found = lookup(levels.length, (level, field, depth) => hasAt(levels[level]!, field, depth), needs)
  if ('missing' in found) return undefined
  return { depth: found.depth, items: itemsOf(levels, found, needs.anyInput) }
}

const hasAt = (data: Data, field: string, depth: number): boolean =>
  depth === 0
    ? hasField(data, field)
    : data.regions.some((region) => region.data !== undefined && hasAt(region.data, field, depth - 1))

function itemsOf(levels: readonly Data[], { depth, sources: found, leader }: Lookup, anyInput: boolean): WorkItem[] {
  // The nearest source says which regions there are; those further back only add to them.
  const sources = found.toSorted((a, b) => a.level - b.level)
  if (depth === 0) {
    const data = dataOf()
    for (const { level, field } of sources) takeField(data, levels[level]!, field)
    return [{ data, chain: [] }]
  }
  const kept = keptRegions(levels[0]!, levels[leader]!)
  const items: WorkItem[] = []
  for (const chain of chains(levels[leader]!, depth)) {
    if (kept && !kept.has(chain[0]!.id)) continue
    const data = dataOf()
    let taken = 0
    for (const source of sources) {
      const inner = descend(levels[source.level]!, chain.slice(0, source.depth))
      if (inner === undefined || !hasField(inner, source.field)) continue
      takeField(data, inner, source.field)
      taken++
    }
    if (anyInput ? taken > 0 : taken === sources.length) items.push({ data, chain })
  }
  return items
}

/** All paths of regions down to a depth. */
function chains(data: Data, depth: number): Region[][] {
  if (depth === 1) return data.regions.map((region) => [region])
  return data.regions.flatMap((region) =>
    region.data ? chains(region.data, depth - 1).map((rest) => [region, ...rest]) : [],
  )
}

/**
 * The regions that the node's direct input still knows, by id: a filter in between may have removed some of those
 * found further back. A direct input that speaks of quite other regions, or of none, filters nothing: undefined.
 */
function keptRegions(direct: Data, back: Data): ReadonlySet<string> | undefined {
  const kept = new Set(direct.regions.map((region) => region.id))
  return back.regions.some((region) => kept.has(region.id)) ? kept : undefined
}

function descend(data: Data, chain: readonly Region[]): Data | undefined {
  let inner: Data | undefined = data
  for (const { id } of chain) inner = inner?.regions.find((region) => region.id === id)?.data
  return inner
}
