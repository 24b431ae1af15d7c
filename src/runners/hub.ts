import { AppError } from '../base/errors.ts'
import type { MultiOutputResponse } from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { type Order, RunnerItem } from './item.ts'
import { RUNNER_LIMITS, type RunnerLimits } from './limits.ts'
import { mayWork, type RunnerChoice, type RunnerIs, type RunnerWork } from './work.ts'

/** Somebody who takes work for a runner: a connected stream, or one poll. */
export interface Taker {
  readonly runner: RunnerIs
  /** Whether it can answer in pieces and take the further requests of a stream. */
  readonly streams: boolean
  take(item: RunnerItem): void
}

/**
 * Brings together predictions that wait for a runner and runners that wait for work. All of it is in the memory of this
 * server: what waits is lost with it, and its callers learn that as they lose the connection.
 */
export class RunnerHub {
  readonly limits: RunnerLimits
  readonly #waiting = new Set<RunnerItem>()
  /** In the order in which they came: who waits longest gets the next item. */
  readonly #idle = new Set<Taker>()
  readonly #busy = new Set<Taker>()
  readonly #polled = new Map<number, { readonly runner: RunnerIs; readonly until: number }>()
  readonly #timers = new Map<RunnerItem, NodeJS.Timeout>()
  #bytes = 0

  constructor(limits: Partial<RunnerLimits> = {}) {
    this.limits = { ...RUNNER_LIMITS, ...limits }
  }

  /** Whether a runner is here that may have this work. */
  isServed(work: RunnerWork, choice?: RunnerChoice): boolean {
    for (const { runner } of [...this.#idle, ...this.#busy]) if (mayWork(runner, work, choice)) return true
    const now = Date.now()
    for (const [pk, { runner, until }] of this.#polled) {
      if (until < now) this.#polled.delete(pk)
      else if (mayWork(runner, work, choice)) return true
    }
    return false
  }

  /**
   * Has a runner do something: its answers as they come. Ends with AppError when nobody is there or has time, when the
   * runner takes too long or vanishes; whoever stops listening ends the work.
   */
  async *run(order: Order, signal: AbortSignal): AsyncGenerator<MultiOutputResponse, void, undefined> {
    signal.throwIfAborted()
    const item = this.#enqueue(order)
    const abort = (): void => this.#cancel(item, signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      yield* item.answers
    } finally {
      signal.removeEventListener('abort', abort)
      this.#cancel(item, new Error('nobody listens any more'))
    }
  }

  #enqueue(order: Order): RunnerItem {
    const item = new RunnerItem(order, this.limits)
    const busy = this.#whyBusy(item)
    if (busy !== undefined) throw new AppError(StatusCode.MODEL_BUSY_PLEASE_RETRY, busy)
    this.#bytes += item.bytes
    this.#timers.set(
      item,
      setTimeout(() => this.#absent(item), this.limits.absentMs),
    )
    this.#offer(item)
    return item
  }

  /** Why an item may not even wait; undefined where it may. */
  #whyBusy({ order, bytes }: RunnerItem): string | undefined {
    const { waitingMax, bytesMax } = this.limits
    if (this.#bytes + bytes > bytesMax) {
      return `Predictions that runners have or that wait for them hold ${this.#bytes} of at most ${bytesMax} bytes; try again later.`
    }
    const { work, choice } = order
    const ahead = [...this.#waiting].filter((other) => other.order.work.modelPk === work.modelPk).length
    if (ahead < waitingMax) return undefined
    const waiting = `${ahead} predictions wait for a runner of the model already, and`
    return this.isServed(work, choice)
      ? `${waiting} all runners of it are busy; try again later, or start more of them.`
      : `${waiting} no runner of it is connected; start one (docs/runners.md), or try again once it runs.`
  }

  #restart(item: RunnerItem, ms: number, late: () => void): void {
    clearTimeout(this.#timers.get(item))
    this.#timers.set(item, setTimeout(late, ms))
  }

  /** Nobody has taken the item so far. */
  #absent(item: RunnerItem): void {
    const { work, choice } = item.order
    if (!this.isServed(work, choice)) {
      this.finish(
        item,
        new AppError(
          StatusCode.MODEL_DEPLOYING,
          'No runner of the model is connected; start one (docs/runners.md), or try again once it runs.',
        ),
      )
      return
    }
    this.#restart(item, this.limits.turnMs, () =>
      this.finish(
        item,
        new AppError(StatusCode.MODEL_BUSY_PLEASE_RETRY, 'All runners of the model are busy; try again later.'),
      ),
    )
  }

  #offer(item: RunnerItem): void {
    for (const taker of this.#idle) {
      if (!fits(taker, item)) continue
      this.#give(taker, item)
      return
    }
    this.#waiting.add(item)
  }

  #give(taker: Taker, item: RunnerItem): void {
    this.#idle.delete(taker)
    this.#busy.add(taker)
    this.#waiting.delete(item)
    item.attempts += 1
    this.alive(item)
    taker.take(item)
  }

  /** Says that a taker has time; it gets the item that has waited longest. */
  ready(taker: Taker): void {
    this.#busy.delete(taker)
    for (const item of this.#waiting) {
      if (!fits(taker, item)) continue
      this.#give(taker, item)
      return
    }
    this.#idle.add(taker)
  }

  /** Remembers that a runner polls, so that its absence between two polls is none. */
  polled(runner: RunnerIs): void {
    this.#polled.set(runner.pk, { runner, until: Date.now() + this.limits.pollSeenMs })
  }

  /** A taker that takes nothing any more. */
  leave(taker: Taker): void {
    this.#idle.delete(taker)
    this.#busy.delete(taker)
  }

  /** The runner of an item has given a sign; the time for its next one begins. */
  alive(item: RunnerItem): void {
    this.#restart(item, this.limits.workMs, () => {
      item.holder?.cancelled(item)
      this.finish(
        item,
        new AppError(
          StatusCode.RPC_REQUEST_TIMEOUT,
          `The runner has not answered for ${this.limits.workMs} milliseconds; try again.`,
        ),
      )
    })
  }

  /** An answer of a runner; resolves when the next one may come. */
  async answer(item: RunnerItem, answer: MultiOutputResponse): Promise<void> {
    if (item.over) return
    item.answered = true
    this.alive(item)
    await item.answers.push(answer)
  }

  /** Nothing more comes of an item, or this error. */
  finish(item: RunnerItem, error?: unknown): void {
    if (item.over) return
    item.over = true
    clearTimeout(this.#timers.get(item))
    this.#timers.delete(item)
    this.#waiting.delete(item)
    this.#bytes -= item.bytes
    item.answers.end(error === undefined ? {} : { error })
  }

  /** The runner of an item is gone: somebody else does it, where nothing of it has been answered. */
  lost(item: RunnerItem): void {
    if (item.over) return
    item.holder = undefined
    if (item.answered || item.order.kind === 'stream' || item.attempts >= this.limits.attemptsMax) {
      this.finish(
        item,
        new AppError(StatusCode.RUNNER_NEEDS_RETRY, 'The runner vanished in the middle of its work; send this again.'),
      )
      return
    }
    this.#again(item)
  }

  /** An item that its taker must not have after all, and has not heard of: somebody else gets it, as if nobody had. */
  returned(item: RunnerItem): void {
    if (item.over) return
    item.holder = undefined
    item.attempts -= 1
    this.#again(item)
  }

  #again(item: RunnerItem): void {
    this.#restart(item, this.limits.absentMs, () => this.#absent(item))
    this.#offer(item)
  }

  #cancel(item: RunnerItem, reason: unknown): void {
    if (item.over) return
    item.holder?.cancelled(item)
    this.finish(item, reason)
  }
}

const fits = ({ runner, streams }: Taker, { order }: RunnerItem): boolean =>
  (streams || order.kind !== 'stream') && mayWork(runner, order.work, order.choice)
