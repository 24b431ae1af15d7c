import { isRegional } from './fields.ts'
import { MAX_LIFT_DEPTH } from './limits.ts'

/** What a node needs, as in PlanNode. */
export interface Needs {
  /** Single field paths; see splitFields. */
  readonly fields: readonly string[]
  /** One of the fields is enough. */
  readonly anyInput: boolean
}

/** Where one field comes from: the level that has it, and how many regions deep it lies there. */
export interface FieldSource {
  readonly field: string
  readonly level: number
  readonly depth: number
}

/** Where a node finds its fields. */
export interface Lookup {
  /** 0: the node works on the whole input; 1: on each region by itself; 2: on each region of each region. */
  readonly depth: number
  readonly sources: readonly FieldSource[]
  /** The level whose regions the node works on; meaningless at depth 0. */
  readonly leader: number
}

/** Whether a level holds a field inside regions of the given depth (0 = not inside regions). */
export type HasAt = (level: number, field: string, depth: number) => boolean

interface Need {
  readonly field: string
  /** By depth, the nearest level that has the field; Infinity where none has. */
  readonly levels: readonly number[]
}

/**
 * Decides where a node's fields come from. Level 0 are its inputs, higher levels lie further back, the last is the
 * workflow's own input. The nearest occurrence wins; where the nearest is inside regions, the node is lifted to work
 * on each region by itself. Compiler and executor both decide by this function, one on field names, one on data.
 *
 * Returns the missing fields when there is no way.
 */
export function lookup(levels: number, hasAt: HasAt, needs: Needs): Lookup | { readonly missing: readonly string[] } {
  const wanted = needs.fields.map((field) => locate(field, levels, hasAt))
  const found = wanted.filter((need) => need.levels.some(Number.isFinite))
  const missing = wanted.filter((need) => !found.includes(need)).map((need) => need.field)
  if (found.length === 0 || (!needs.anyInput && missing.length > 0)) return { missing }
  for (let depth = Math.max(...found.map(nearestDepth)); depth >= 0; depth--) {
    const sources = found.map((need) => sourceAt(need, depth))
    if (sources.every((source) => source !== undefined)) {
      const leader = Math.min(...found.map((need) => need.levels[depth]!))
      return { depth, sources, leader }
    }
  }
  return { missing: needs.fields }
}

function locate(field: string, levels: number, hasAt: HasAt): Need {
  const nearest: number[] = []
  for (let depth = 0; depth <= MAX_LIFT_DEPTH; depth++) {
    let level = 0
    while (level < levels && !hasAt(level, field, depth)) level++
    nearest.push(level < levels ? level : Number.POSITIVE_INFINITY)
  }
  return { field, levels: nearest }
}

/** The depth of the nearest occurrence; at the same distance the one that is less deep. */
const nearestDepth = (need: Need): number => need.levels.indexOf(Math.min(...need.levels))

/**
 * The source of a field for a node that works at `depth`: the same depth, or for fields that do not speak of regions
 * the deepest one around it (a text that goes with the whole picture serves each of its regions).
 */
function sourceAt({ field, levels }: Need, depth: number): FieldSource | undefined {
  const lowest = isRegional(field) ? depth : 0
  for (let at = depth; at >= lowest; at--) {
    if (Number.isFinite(levels[at])) return { field, level: levels[at]!, depth: at }
  }
  return undefined
}
