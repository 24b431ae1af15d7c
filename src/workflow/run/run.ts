import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EngineItem, EngineMemory, LoadedEngine } from '../../engines/engine.ts'
import { dataOf } from '../data.ts'
import { isEmptyData } from '../fields.ts'
import { MAX_LIFTED_REGIONS, MAX_OUTPUT_PARTS } from '../limits.ts'
import { INSERTED_PREFIX, type Plan, type PlanNode } from '../plan.ts'
import { assemble } from './assemble.ts'
import { type ItemResult, inferBatches, inferTogether, toAppError } from './batches.ts'
import type { EngineHost } from './execute.ts'
import { countParts, finishData } from './finish.ts'
import { gather, type Work } from './gather.ts'
import { dataLevels } from './levels.ts'
import { type PreparedPlan, prepare } from './prepared.ts'
import type { NodeState, RawOutput, Slot } from './state.ts'
import { asFrame, fromFrame, worksOnFrames } from './still.ts'

interface Job {
  readonly slot: Slot
  readonly work: Work
}

/** The answers to all items for one node, and the time spent on them. */
interface NodeAnswers {
  readonly results: readonly ItemResult[]
  readonly elapsedMs: number
}

const EMPTY = dataOf()

/** Runs the nodes of one plan; holds what stays the same for all its inputs. */
export class Run {
  readonly plan: Plan
  readonly host: EngineHost
  readonly signal: AbortSignal
  readonly #engines = new Map<string, Promise<LoadedEngine>>()
  readonly #prepared: PreparedPlan

  constructor(plan: Plan, host: EngineHost, signal: AbortSignal) {
    this.plan = plan
    this.host = host
    this.signal = signal
    this.#prepared = prepare(plan)
  }

  /** Single field paths that a node reads. */
  fieldsOf(index: number): readonly string[] {
    return this.#prepared.nodes[index]!.needs.fields
  }

  /**
   * Runs the nodes that `wanted` accepts on all slots and fills in their states. Each begins as soon as those that it
   * depends on are done, whatever the others do.
   */
  async runNodes(slots: readonly Slot[], wanted: (index: number) => boolean): Promise<void> {
    if (slots.length === 0) return
    const running: Promise<void>[] = []
    for (const index of this.#prepared.order) {
      const members = this.#prepared.nodes[index]!.group.filter(wanted)
      if (members.length === 0) continue
      const done = this.#whenDue(members, slots, running)
      for (const member of members) running[member] = done
    }
    await Promise.all(running)
  }

  async #whenDue(
    members: readonly number[],
    slots: readonly Slot[],
    running: readonly (Promise<void> | undefined)[],
  ): Promise<void> {
    const [first] = members as [number]
    for (const before of this.#prepared.nodes[first]!.after) await running[before]
    this.signal.throwIfAborted()
    if (this.plan.nodes[first]!.sameAs === undefined) await this.#runGroup(members, slots)
    else this.#copyNode(first, slots)
  }

  /** Runs nodes that work on the very same data. */
  async #runGroup(members: readonly number[], slots: readonly Slot[]): Promise<void> {
    const [first] = members as [number]
    const jobs: Job[] = []
    for (const slot of slots) {
      const found = this.#prepare(first, slot)
      if ('items' in found) jobs.push({ slot, work: found })
      else for (const member of members) slot.states[member] = found
    }
    const total = jobs.reduce((sum, { work }) => sum + work.items.length, 0)
    if (total === 0) return
    const nodes = members.map((member) => this.plan.nodes[member]!)
    const answers = await this.#infer(nodes, this.#prepared.nodes[first]!.engineKey, jobs)
    for (const [place, { results, elapsedMs }] of answers.entries()) {
      let next = 0
      for (const { slot, work } of jobs) {
        const own = results.slice(next, next + work.items.length)
        next += own.length
        const ms = (elapsedMs * own.length) / total
        slot.states[members[place]!] = this.#conclude(nodes[place]!, slot, work, own, ms)
      }
    }
  }

  /** The work of a node on one input, or the state it ends in without any. */
  #prepare(index: number, slot: Slot): Work | NodeState {
    const { inputs } = this.plan.nodes[index]!
    const broken = inputs.find((input) => slot.states[input]!.failed)
    if (broken !== undefined) return skipped(this.plan.nodes[broken]!, slot.states[broken]!)
    if (inputs.length > 0 && inputs.every((input) => isEmptyData(slot.states[input]!.data))) return nothing()
    const work = this.#gather(index, slot)
    if (!work || work.items.length === 0) return { ...nothing(), unmatched: work === undefined }
    if (work.items.length > MAX_LIFTED_REGIONS) {
      return failure(
        new AppError(
          StatusCode.INPUT_OVER_LIMIT,
          `The node would run on ${work.items.length} regions; put a region-thresholder before it, ${MAX_LIFTED_REGIONS} are allowed.`,
        ),
      )
    }
    return work
  }

  #gather(index: number, slot: Slot): Work | undefined {
    const { needs, levels: ancestors } = this.#prepared.nodes[index]!
    const levels = dataLevels(slot, ancestors)
    const isStill = slot.input.video === undefined && slot.input.frames.length === 0 && worksOnFrames(needs.fields)
    const work = gather(isStill ? levels.map(asFrame) : levels, needs)
    return work && isStill ? { ...work, isStill } : work
  }

  /** What one engine makes of the same work for several nodes. */
  async #infer(nodes: readonly PlanNode[], engineKey: string, jobs: readonly Job[]): Promise<NodeAnswers[]> {
    const [{ engine: name, weights }] = nodes as [PlanNode]
    const report = (error: unknown): void => this.host.report?.(name, error)
    const started = performance.now()
    const elapsedMs = (): number => performance.now() - started
    let engine: LoadedEngine
    try {
      engine = await this.#load(engineKey, name, weights)
    } catch (error) {
      this.signal.throwIfAborted()
      const reason = toAppError(error, report)
      const results = itemsOf(jobs).map(() => reason)
      return nodes.map(() => ({ results, elapsedMs: elapsedMs() }))
    }
    // What a node remembers of a stream is its own.
    const remembers = jobs.some(({ slot }) => slot.memory !== undefined)
    const together = remembers ? undefined : await inferTogether(engine, itemsOf(jobs), nodes, this.signal)
    if (together) return together.map((results) => ({ results, elapsedMs: elapsedMs() / nodes.length }))
    return Promise.all(
      nodes.map(async (node) => {
        const memories = jobs.map(({ slot, work }) => memoryOf(slot, node, work))
        const context = { setup: { params: node.params, concepts: node.concepts }, signal: this.signal, report }
        const results = await inferBatches(engine, itemsOf(jobs, memories), context)
        for (const [at, { slot }] of jobs.entries()) {
          const text = memories[at]?.text
          if (text !== undefined) slot.memory![node.id] = text
        }
        return { results, elapsedMs: elapsedMs() }
      }),
    )
  }

  #load(key: string, name: string, weights: readonly string[]): Promise<LoadedEngine> {
    let engine = this.#engines.get(key)
    if (!engine) {
      engine = this.host.load(name, weights)
      this.#engines.set(key, engine)
    }
    return engine
  }

  #conclude(node: PlanNode, slot: Slot, work: Work, results: readonly ItemResult[], elapsedMs: number): NodeState {
    const error = results.find((result) => result instanceof AppError)
    if (error) return { ...failure(error), elapsedMs }
    const made = results as RawOutput['results']
    return this.#finish(node, slot, { work, results: work.isStill ? made.map(fromFrame) : made }, elapsedMs)
  }

  #finish(node: PlanNode, slot: Slot, raw: RawOutput, elapsedMs: number): NodeState {
    const finished = raw.results.map((data) => finishData(data, node))
    const data = assemble(raw.work.items, finished, !node.isModel)
    slot.parts += countParts(data)
    if (slot.parts > MAX_OUTPUT_PARTS) {
      const details = `The workflow makes more than ${MAX_OUTPUT_PARTS} concepts and regions of this input; raise sample_ms or lower max_concepts.`
      return { ...failure(new AppError(StatusCode.INPUT_OVER_LIMIT, details)), elapsedMs }
    }
    const missing = node.missingConcepts ?? []
    const [code, details] =
      missing.length === 0
        ? [StatusCode.SUCCESS, '']
        : [StatusCode.MIXED_STATUS, `The model has no concept ${missing.map((name) => `"${name}"`).join(', ')}.`]
    return { code, details, data, elapsedMs, raw }
  }

  /** Gives a node that computes the same as an earlier one its result, under its own limits. */
  #copyNode(index: number, slots: readonly Slot[]): void {
    const node = this.plan.nodes[index]!
    for (const slot of slots) {
      const first = slot.states[node.sameAs!]!
      slot.states[index] = first.raw ? this.#finish(node, slot, first.raw, 0) : { ...first, elapsedMs: 0 }
    }
  }
}

/** The work on all inputs as a list of items, `memories` by input. */
const itemsOf = (jobs: readonly Job[], memories: readonly (EngineMemory | undefined)[] = []): EngineItem[] =>
  jobs.flatMap(({ slot, work }, at) =>
    work.items.map(({ data }) => ({ data, scope: slot.scope, memory: memories[at] })),
  )

/** What a node remembers of a stream; a node that runs on many regions of one picture has nothing to go on from. */
const memoryOf = ({ memory }: Slot, { id }: PlanNode, { items }: Work): EngineMemory | undefined =>
  memory && items.length === 1 ? { text: Object.hasOwn(memory, id) ? memory[id] : undefined } : undefined

const nothing = (): NodeState => ({ code: StatusCode.SUCCESS, details: '', data: EMPTY, elapsedMs: 0 })

/** The state of a node that failed by itself. */
export function failure(error: AppError): NodeState {
  return { code: error.code, details: error.details, data: EMPTY, elapsedMs: 0, failed: true }
}

/**
 * The state of a node that has lost its input; it names the node that is to blame, not the ones in between. Nodes
 * that the compiler inserted are no name to a caller: what happened to them happened to the node itself.
 */
function skipped(node: PlanNode, state: NodeState): NodeState {
  if (node.id.startsWith(INSERTED_PREFIX)) return { ...state, elapsedMs: 0 }
  const blamed = state.code === StatusCode.FAILURE ? state.details : `Skipped because node "${node.id}" failed.`
  return { code: StatusCode.FAILURE, details: blamed, data: EMPTY, elapsedMs: 0, failed: true }
}
