import { AppError } from '../base/errors.ts'
import type { PostRunnerItemOutputsRequest } from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { answerItem, type Renew } from './connection.ts'
import type { RunnerHub } from './hub.ts'
import type { Holder, RunnerItem } from './item.ts'
import { mayWork, type RunnerIs } from './work.ts'

/** What became of an answer to an item: taken, or why not. */
export type Taken = 'taken' | 'cancelled' | 'unknown'

/** Items given to runners that ask call by call, until they are answered. */
export class RunnerPolls implements Holder {
  readonly #hub: RunnerHub
  readonly #given = new Map<string, { readonly item: RunnerItem; readonly runnerPk: number }>()
  /** Ids of the last items that were cancelled, so that their runners can be told. */
  readonly #cancelled = new Set<string>()

  constructor(hub: RunnerHub) {
    this.#hub = hub
  }

  /**
   * Waits for an item for a runner; undefined when there is none for a while. Throws AppError for a runner that may have
   * nothing any more.
   */
  async next(runner: RunnerIs, renew: Renew, signal: AbortSignal): Promise<RunnerItem | undefined> {
    const item = await this.#wait(runner, signal)
    if (!item) return undefined
    try {
      const now = await renew()
      if (now instanceof AppError) throw now
      if (item.over) return undefined
      if (!signal.aborted && mayWork(now, item.order.work, item.order.choice)) {
        item.holder = this
        this.#given.set(item.id, { item, runnerPk: runner.pk })
        return item
      }
    } catch (error) {
      this.#hub.returned(item)
      throw error
    }
    this.#hub.returned(item)
    return undefined
  }

  async #wait(runner: RunnerIs, signal: AbortSignal): Promise<RunnerItem | undefined> {
    const found = Promise.withResolvers<RunnerItem | undefined>()
    const taker = { runner, streams: false, take: found.resolve }
    const stop = (): void => {
      // At once, so that it is given nothing that it would not take.
      this.#hub.leave(taker)
      found.resolve(undefined)
    }
    const timer = setTimeout(stop, this.#hub.limits.pollMs)
    signal.addEventListener('abort', stop, { once: true })
    this.#hub.polled(runner)
    this.#hub.ready(taker)
    try {
      return await found.promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      this.#hub.leave(taker)
      this.#hub.polled(runner)
    }
  }

  /** Takes the answer of a runner to an item. */
  async answer(runnerPk: number, request: PostRunnerItemOutputsRequest): Promise<Taken> {
    const id = request.runnerItemId || request.itemId
    if (this.#cancelled.has(id)) return 'cancelled'
    const given = this.#given.get(id)
    // One that is over was answered by another call a moment ago.
    if (given?.runnerPk !== runnerPk || given.item.over) return 'unknown'
    // Several calls answer one item in pieces where each says so; else the first is all.
    const goesOn = given.item.order.kind === 'generate' && request.status?.code === StatusCode.SUCCESS
    const isOver = await answerItem(this.#hub, given.item, request)
    if (isOver || !goesOn) {
      this.#hub.finish(given.item)
      this.#given.delete(id)
    }
    return 'taken'
  }

  cancelled({ id }: RunnerItem): void {
    this.#given.delete(id)
    this.#cancelled.add(id)
    if (this.#cancelled.size > CANCELLED_KEPT) this.#cancelled.delete(this.#cancelled.values().next().value!)
  }
}

/** Cancelled items that are remembered. */
const CANCELLED_KEPT = 10_000
