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
import { Channel, type ChannelLimits } from './channel.ts'
import type { RunnerHub, Taker } from './hub.ts'
import { type Holder, type RunnerItem, statusOf } from './item.ts'
import type { RunnerLimits } from './limits.ts'
import { bytesOf, mayWork, type RunnerIs } from './work.ts'

/** Connections that learn of cancellations alone, by the pk of their runner. */
export type Controls = Map<number, Set<Channel<MultiRunnerItemResponse>>>

/** Looks up the runner as it is stored now, or why its connection may have nothing any more. */
export type Renew = () => Promise<RunnerIs | AppError>

/** How many messages may wait for a runner that reads slowly. */
const messageLimits = ({ requestsMax, pendingBytesMax }: RunnerLimits): ChannelLimits<MultiRunnerItemResponse> => ({
  most: requestsMax,
  bytesMost: pendingBytesMax,
  bytesOf: ({ runnerItems }) =>
    runnerItems.reduce((sum, { request }) => {
      return sum + (request.case === 'postModelOutputsRequest' ? bytesOf(request.value.inputs) : 0)
    }, 0),
})

const GOOD: readonly StatusCode[] = [StatusCode.ZERO, StatusCode.SUCCESS, StatusCode.MIXED_STATUS]

/** One stream of a runner: it is given an item, answers it, and is given the next. */
export class RunnerConnection implements Taker, Holder {
  readonly streams = true
  /** What is to be sent to the runner. */
  readonly outgoing: Channel<MultiRunnerItemResponse>
  readonly #hub: RunnerHub
  readonly #controls: Controls
  readonly #renew: Renew
  readonly #timer: NodeJS.Timeout
  #runner: RunnerIs
  #item: RunnerItem | undefined
  /** Done once the item is sent, or never will be. */
  #handed = Promise.resolve()
  /** The runner has been sent something of the item. */
  #knowsItem = false
  #closed = false

  constructor(hub: RunnerHub, controls: Controls, runner: RunnerIs, renew: Renew) {
    this.#hub = hub
    this.#controls = controls
    this.#runner = runner
    this.#renew = renew
    this.outgoing = new Channel(messageLimits(hub.limits))
    this.#timer = setInterval(() => void this.#lookAgain(), hub.limits.renewMs).unref()
  }

  get runner(): RunnerIs {
    return this.#runner
  }

  take(item: RunnerItem): void {
    item.holder = this
    this.#item = item
    this.#knowsItem = false
    this.#handed = this.#hand(item)
    const { more } = item.order
    if (more) void this.#handed.then(() => this.#pump(item, more))
  }

  /** A runner that waits learns that it is gone, and gets what it is made for since. */
  async #lookAgain(): Promise<void> {
    if (this.#item) return
    try {
      const runner = await this.#renew()
      if (this.#item || this.#closed) return
      if (runner instanceof AppError) return this.#gone(runner)
      this.#runner = runner
      this.#hub.ready(this)
    } catch {
      // It is looked up again, and before it gets anything.
    }
  }

  #gone(error: AppError): void {
    this.#closed = true
    clearInterval(this.#timer)
    this.#hub.leave(this)
    this.outgoing.end({ error })
  }

  /** Whether the item is still with this connection: one that ended has left it to whoever has it now. */
  #has(item: RunnerItem): boolean {
    return this.#item === item
  }

  async #hand(item: RunnerItem): Promise<void> {
    let runner: RunnerIs | AppError
    try {
      runner = await this.#renew()
    } catch (error) {
      if (!this.#has(item)) return
      // The runner has not heard of the item, so it is free for the next one.
      this.#hub.finish(item, error)
      return this.#free(item)
    }
    if (!this.#has(item)) return
    if (item.over) return this.#free(item)
    if (runner instanceof AppError) {
      this.#item = undefined
      this.#gone(runner)
      this.#hub.returned(item)
      return
    }
    this.#runner = runner
    if (!mayWork(runner, item.order.work, item.order.choice)) {
      this.#hub.returned(item)
      return this.#free(item)
    }
    this.#knowsItem = true
    await this.#send(item.message())
  }

  /** Hands the further requests of a stream on as the caller sends them, and no faster than the runner takes them. */
  async #pump(item: RunnerItem, more: NonNullable<RunnerItem['order']['more']>): Promise<void> {
    if (!this.#has(item)) return
    try {
      for await (const request of more) {
        if (item.over || !this.#has(item)) return
        await this.#send(item.message(request))
        if (!item.over && this.#has(item)) this.#hub.alive(item)
      }
      if (!item.over && this.#has(item)) await this.#tell(item, StatusCode.RUNNER_STREAM_END)
    } catch (error) {
      if (item.over || !this.#has(item)) return
      this.cancelled(item)
      this.#hub.finish(item, error)
    }
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
    // Else a runner that answers without reading would be given ever more.
    await this.#handed
    if (!this.#has(item)) return
    if (await answerItem(this.#hub, item, request)) this.#free(item)
  }

  #free(item: RunnerItem): void {
    // Whoever has it now stays its holder, and who has none or another one is not free.
    if (!this.#has(item)) return
    this.#item = undefined
    if (item.holder === this) item.holder = undefined
    if (!this.#closed) this.#hub.ready(this)
  }

  cancelled(item: RunnerItem): void {
    if (!this.#has(item) || !this.#knowsItem) return
    void this.#tell(item, StatusCode.RUNNER_ITEM_CANCELLED)
    const controls = this.#controls.get(this.#runner.pk) ?? []
    for (const control of controls)
      if (!control.isFull) void control.push(carrying(item.notice(StatusCode.RUNNER_ITEM_CANCELLED)))
  }

  /** The runner sends nothing more, which is how its streamed answers end; a whole one that is missing is lost. */
  ended(): void {
    const item = this.#item
    if (item && this.#knowsItem && item.order.kind !== 'unary') this.#hub.finish(item)
    this.close()
  }

  /** The stream is over, from either side. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    this.#hub.leave(this)
    const item = this.#item
    this.#item = undefined
    if (item && this.#knowsItem) this.#hub.lost(item)
    else if (item) this.#hub.returned(item)
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
    if (response.case !== 'multiOutputResponse') continue
    const taken = hub.answer(item, response.value)
    // The first is all, and with it the item is over, before its caller goes away with the answer.
    if (item.order.kind === 'unary') break
    await taken
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
  return new AppError(
    GOOD.includes(code) ? StatusCode.RUNNER_PROCESSING_FAILED : knownCode(code),
    details || description || 'The runner failed without saying why; see what it has logged.',
  )
}

/** A status code of a runner; one that the contract does not know, which clients could make nothing of, is a failure. */
export const knownCode = (code: StatusCode): StatusCode =>
  StatusCode[code] === undefined ? StatusCode.RUNNER_PROCESSING_FAILED : code

/** The answer of a call that hands out an item. */
export const carrying = (item: RunnerItemMessage): MultiRunnerItemResponse =>
  create(MultiRunnerItemResponseSchema, { status: statusOf(StatusCode.SUCCESS), runnerItems: [item] })
