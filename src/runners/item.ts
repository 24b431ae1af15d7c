import { create } from '@bufbuild/protobuf'
import { newId } from '../base/ids.ts'
import { statusText } from '../base/status-text.ts'
import {
  type MultiOutputResponse,
  type PostModelOutputsRequest,
  type RunnerItem as RunnerItemMessage,
  RunnerItemSchema,
  RunnerMethodType,
} from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { Channel } from './channel.ts'
import type { RunnerLimits } from './limits.ts'
import { bytesOf, type RunnerChoice, type RunnerWork } from './work.ts'

/** How a model is asked: one answer, several, or several for several requests. */
export type ItemKind = 'unary' | 'generate' | 'stream'

const METHODS: Readonly<Record<ItemKind, RunnerMethodType>> = {
  unary: RunnerMethodType.UNARY_UNARY,
  generate: RunnerMethodType.UNARY_STREAMING,
  stream: RunnerMethodType.STREAMING_STREAMING,
}

/** What somebody wants a runner to do. */
export interface Order {
  readonly work: RunnerWork
  readonly choice?: RunnerChoice | undefined
  readonly kind: ItemKind
  readonly request: PostModelOutputsRequest
  /** The further requests of a stream. */
  readonly more?: AsyncIterable<PostModelOutputsRequest>
}

/** Who has an item at the moment, as far as the item needs to know. */
export interface Holder {
  /** The caller has gone: the runner should stop. */
  cancelled(item: RunnerItem): void
}

/** A piece of work on its way: it waits, is given to a runner, answers, and is over. */
export class RunnerItem {
  readonly id = newId()
  readonly order: Order
  readonly bytes: number
  readonly answers: Channel<MultiOutputResponse>
  holder: Holder | undefined
  attempts = 0
  /** Once something has been answered it cannot be done again by somebody else. */
  answered = false
  over = false

  constructor(order: Order, { answersMax, pendingBytesMax }: RunnerLimits) {
    this.order = order
    this.bytes = bytesOf(order.request.inputs)
    this.answers = new Channel({
      most: answersMax,
      bytesMost: pendingBytesMax,
      bytesOf: ({ outputs }) => bytesOf(outputs),
    })
  }

  /** The item with a request, as runners get it. */
  message(request: PostModelOutputsRequest = this.order.request): RunnerItemMessage {
    const { kind } = this.order
    return create(RunnerItemSchema, {
      id: this.id,
      description: `Prediction with ${request.modelId}`,
      processingInfo: { runnerMethodType: METHODS[kind], status: statusOf(StatusCode.SUCCESS) },
      request: { case: 'postModelOutputsRequest', value: request },
    })
  }

  /** A message about the item that carries no work: the end of its requests, or that nobody waits any more. */
  notice(code: typeof StatusCode.RUNNER_STREAM_END | typeof StatusCode.RUNNER_ITEM_CANCELLED): RunnerItemMessage {
    return create(RunnerItemSchema, {
      id: this.id,
      processingInfo: { runnerMethodType: METHODS[this.order.kind], status: statusOf(code) },
    })
  }
}

/** A status with its fixed description. */
export const statusOf = (code: StatusCode) => ({ code, description: statusText(code) })
