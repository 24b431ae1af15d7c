import { create } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import {
  type MultiRunnerItemResponse,
  MultiRunnerItemResponseSchema,
  type PostRunnerItemOutputsRequest,
  type RunnerItem as RunnerItemMessage,
  type Status,
  StatusSchema,
} from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { Channel } from './channel.ts'
import type { RunnerHub, Taker } from './hub.ts'
import { type Holder, type RunnerItem, statusOf } from './item.ts'
import type { RunnerIs } from './work.ts'

/** Connections that learn of cancellations alone, by the pk of their runner. */
export type Controls = Map<number, Set<Channel<MultiRunnerItemResponse>>>

const GOOD: readonly StatusCode[] = [StatusCode.ZERO, StatusCode.SUCCESS, StatusCode.MIXED_STATUS]

/** One stream of a runner: it is given an item, answers it, and is given the next. */
export class RunnerConnection implements Taker, Holder {
  readonly streams = true
  /** What is to be sent to the runner. */
  readonly outgoing = new Channel<MultiRunnerItemResponse>()
  readonly #hub: RunnerHub
  readonly #controls: Controls
  /** The runner as it is stored now; undefined once it is deleted. */
  readonly #renew: () => Promise<RunnerIs | undefined>
  #runner: RunnerIs
  #item: RunnerItem | undefined
  #closed = false

  constructor(hub: RunnerHub, controls: Controls, runner: RunnerIs, renew: () => Promise<RunnerIs | undefined>) {
    this.#hub = hub
    this.#controls = controls
    this.#runner = runner
    this.#renew = renew
  }

  get runner(): RunnerIs {
    return this.#runner
  }

  take(item: RunnerItem): void {
    item.holder = this
    this.#item = item
    void this.#begin(item)
  }

  async #begin(item: RunnerItem): Promise<void> {
    let runner: RunnerIs | undefined
    try {
      runner = await this.#renew()
    } catch (error) {
      // The runner has not heard of the item, so it is free for the next one.
      this.#hub.finish(item, error)
      return this.#free(item)
    }
    if (this.#closed || item.over) return this.#free(item)
    if (!runner) {
      this.#item = undefined
      this.#hub.leave(this)
      this.#hub.returned(item)
      this.outgoing.end({ error: gone() })
      return
    }
    this.#runner = runner
    try {
      await this.#send(item.message())
      if (item.order.more) await this.#pump(item, item.order.more)
    } catch (error) {
      if (!item.over) this.cancelled(item)
      this.#hub.finish(item, error)
    }
  }

  /** Hands the further requests of a stream on as the caller sends them. */
  async #pump(item: RunnerItem, more: NonNullable<RunnerItem['order']['more']>): Promise<void> {
    for await (const request of more) {
      if (item.over || this.#item !== item) return
      this.#hub.alive(item)
      await this.#send(item.message(request))
    }
    if (!item.over && this.#item === item) await this.#tell(item, StatusCode.RUNNER_STREAM_END)
  }

  #send(item: RunnerItemMessage): Promise<void> {
    return this.outgoing.push(carrying(item))
  }

  /** Streams of work say by the status of the whole message what becomes of their item. */
  #tell(item: RunnerItem, code: Parameters<RunnerItem['notice']>[0]): Promise<void> {
    return this.outgoing.push({ ...carrying(item.notice(code)), status: create(StatusSchema, statusOf(code)) })
  }

  /** What the runner has sent. */
  async receive(request: PostRunnerItemOutputsRequest): Promise<void> {
    const item = this.#item
    // Answers to something that this connection has no more come too late.
    if (!item || (request.runnerItemId !== '' && request.runnerItemId !== item.id)) return
    if (await answerItem(this.#hub, item, request)) this.#free(item)
  }

  #free(item: RunnerItem): void {
    if (this.#item === item) this.#item = undefined
    item.holder = undefined
    if (!this.#closed) this.#hub.ready(this)
  }

  cancelled(item: RunnerItem): void {
    void this.#tell(item, StatusCode.RUNNER_ITEM_CANCELLED)
    const controls = this.#controls.get(this.#runner.pk) ?? []
    for (const control of controls) void control.push(carrying(item.notice(StatusCode.RUNNER_ITEM_CANCELLED)))
  }

  /** The runner sends nothing more, which is how its streamed answers end; a whole one that is missing is lost. */
  ended(): void {
    const item = this.#item
    if (item && item.order.kind !== 'unary') this.#hub.finish(item)
    this.close()
  }

  /** The stream is over, from either side. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#hub.leave(this)
    const item = this.#item
    this.#item = undefined
    if (item) this.#hub.lost(item)
    this.outgoing.end()
  }
}

/** Hands what a runner has posted to whoever waits for it; answers whether the item is over with that. */
export async function answerItem(
  hub: RunnerHub,
  item: RunnerItem,
  { runnerItemOutputs, status }: PostRunnerItemOutputsRequest,
): Promise<boolean> {
  for (const { response } of runnerItemOutputs) {
    if (response.case === 'multiOutputResponse') await hub.answer(item, response.value)
  }
  const code: StatusCode = status?.code ?? StatusCode.ZERO
  if (!GOOD.includes(code) && code !== StatusCode.RUNNER_STREAM_END) {
    hub.finish(item, failureOf(status!))
    return true
  }
  const whole = item.order.kind === 'unary' && (runnerItemOutputs.length > 0 || item.over)
  if (!whole && code !== StatusCode.RUNNER_STREAM_END) return false
  hub.finish(item)
  return true
}

/** A failure in the words of the runner, whose owner is that of the model. */
export function failureOf({ code, description, details }: Status): AppError {
  const known = StatusCode[code] !== undefined && !GOOD.includes(code)
  return new AppError(
    known ? code : StatusCode.RUNNER_PROCESSING_FAILED,
    details || description || 'The runner failed without saying why; see what it has logged.',
  )
}

/** The answer of a call that hands out an item. */
export const carrying = (item: RunnerItemMessage): MultiRunnerItemResponse =>
  create(MultiRunnerItemResponseSchema, { status: statusOf(StatusCode.SUCCESS), runnerItems: [item] })

const gone = (): AppError => new AppError(StatusCode.RUNNER_DOES_NOT_EXIST, 'The runner has been deleted.')
