import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { Plan } from '../workflow/plan.ts'
import { Memo } from './access/memo.ts'

/** Most plans kept; each call with settings of its own makes one. */
const PLANS_MAX = 1_000
/** Most memory for plans, in bytes as estimated; weights of heads are what fills it. */
const PLANS_BYTES_MAX = 256 * 1024 * 1024
/** Estimated memory of a node without its concepts and weights, in bytes. */
const NODE_BYTES = 4_096
/** Estimated memory of a concept, in bytes. */
const CONCEPT_BYTES = 512
/** Memory of a number in a list, in bytes. */
const NUMBER_BYTES = 8

/** Whatever is kept beside a plan: who may use it decided what it became. */
interface Planned {
  readonly plan: Plan
}

/**
 * Compiled plans, by everything that decides them. Whoever changes a model, a workflow, a version of one or an app
 * clears it after the commit; like all memos it also forgets by itself within seconds, which is how a change by
 * another server on the same database arrives.
 */
export class PlanCache {
  readonly #memo = new Memo<string, Planned>({ entries: PLANS_MAX, weight: PLANS_BYTES_MAX, weigh: planBytes })

  /** The plan under a key, else the one that `make` makes; a key stands for one kind of value. */
  async get<P extends Planned>(key: string, make: () => Promise<P>): Promise<P> {
    // `make` answers or throws, so there is always a plan.
    return (await this.#memo.get(key, make)) as P
  }

  /** Forgets all plans. */
  clear(): void {
    this.#memo.clear()
  }
}

/** Estimated memory of a plan, in bytes. */
export function planBytes({ plan }: Planned): number {
  let bytes = 0
  for (const { params, concepts, limits } of plan.nodes) {
    const { weights, relations, ...others } = params
    const named = concepts.length + limits.selectConcepts.length
    bytes += NODE_BYTES + named * CONCEPT_BYTES + matrixBytes(weights) + pairBytes(relations) + textBytes(others)
  }
  return bytes
}

/** Relations are pairs of concepts. */
const pairBytes = (pairs: JsonValue | undefined): number =>
  Array.isArray(pairs) ? pairs.length * 2 * CONCEPT_BYTES : 0

/** Parameters that callers may set as they like; the usual few count nothing. */
function textBytes(params: JsonObject): number {
  const { length } = JSON.stringify(params)
  return length > NODE_BYTES ? length : 0
}

function matrixBytes(rows: JsonValue | undefined): number {
  if (typeof rows === 'string') return rows.length
  if (!Array.isArray(rows)) return 0
  return rows.reduce<number>((sum, row) => sum + (Array.isArray(row) ? row.length : 1) * NUMBER_BYTES, 0)
}
