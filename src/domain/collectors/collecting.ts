import type { Input, Output } from '../../contract/index.ts'
import { CollectorSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { activeCollectors } from '../../store/repos/collectors.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Memo } from '../access/memo.ts'
import type { Call } from '../call.ts'
import { callInApp } from '../inputs/process/call.ts'
import type { ReadyModel } from '../predict/model.ts'
import { outputsPass } from './filter.ts'
import { mediaOf, urlsOf, weightOf } from './item.ts'
import { BYTES_WAITING_MAX, CALLS_WAITING_MAX } from './limits.ts'
import { queueCollected, type Taken } from './queue.ts'

/**
 * Takes inputs of successful PostModelOutputs calls for collectors. Predictions do not wait for it: it begins when they
 * are answered, holds a bounded number of them in memory, and lets go of further ones.
 */
export class Collecting {
  readonly #collectors = new Memo<number, readonly Row<'collectors'>[]>()
  readonly #random: () => number
  readonly #running = new Set<Promise<void>>()
  #bytes = 0

  /** `random` gives numbers from 0 up to but without 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** Forgets which collectors there are; for whoever changes some. */
  forget(): void {
    this.#collectors.clear()
  }

  /** Resolves when nothing is being taken any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Has a prediction looked at, after it was made. Never throws and returns at once. */
  offer(call: Call, ready: ReadyModel, inputs: readonly Input[], outputs: readonly Output[]): void {
    const taken = outputs.flatMap((output, at): Taken[] =>
      output.status?.code === StatusCode.SUCCESS ? [{ input: inputs[at]!, output }] : [],
    )
    const bytes = taken.reduce((sum, { input }) => sum + weightOf(input), 0)
    if (taken.length === 0) return
    if (this.#running.size >= CALLS_WAITING_MAX || this.#bytes + bytes > BYTES_WAITING_MAX) {
      call.log.debug({ waiting: this.#running.size }, 'a prediction is not looked at by collectors, as too many wait')
      return
    }
    this.#bytes += bytes
    const work = this.#collect(call, ready, taken)
      .catch((error: unknown) => call.log.warn({ err: error }, 'inputs of a prediction could not be collected'))
      .finally(() => {
        this.#bytes -= bytes
        this.#running.delete(work)
      })
    this.#running.add(work)
  }

  async #collect(call: Call, ready: ReadyModel, taken: readonly Taken[]): Promise<void> {
    const { modelPk, versionPk } = ready.rows
    const { services, principal, requestId, log } = call
    const known = await this.#collectors.get(modelPk, () => activeCollectors(services.db.read, modelPk))
    for (const collector of known ?? []) {
      if (collector.version_pk !== 0 && collector.version_pk !== versionPk) continue
      if (collector.caller_pk !== 0 && collector.caller_pk !== principal.user?.pk) continue
      // The call may be over long before this is.
      const { signal } = new AbortController()
      const inApp = await callInApp(services, collector.app_pk, { requestId, signal, log })
      if (!inApp) continue
      try {
        const chosen = await this.#choose(inApp, collector, taken)
        if (chosen.length > 0) await queueCollected(inApp, collector, ready, chosen)
      } catch (error) {
        log.warn({ err: error, collector: collector.id }, 'a collector could not look at a prediction')
      }
    }
  }

  async #choose(call: Call, collector: Row<'collectors'>, taken: readonly Taken[]): Promise<Taken[]> {
    const { preQueueRandomSample: fraction, preQueueWorkflowId } = decodeDoc(CollectorSchema, collector.doc)
    const { user, app } = call.target
    // What already lies in the app need not be collected into it, which would have no end.
    const own = `/users/${user!.id}/apps/${app!.id}/inputs/`
    const foreign = taken.filter(({ input }) => !urlsOf(mediaOf(input.data)).some((url) => url.includes(own)))
    const sampled = fraction > 0 ? foreign.filter(() => this.#random() < fraction) : foreign
    if (preQueueWorkflowId === '' || sampled.length === 0) return sampled
    const withData = sampled.filter(({ output }) => output.data !== undefined)
    const pass = await outputsPass(
      call,
      preQueueWorkflowId,
      withData.map(({ output }) => output.data!),
    )
    return withData.filter((_, at) => pass[at])
  }
}
