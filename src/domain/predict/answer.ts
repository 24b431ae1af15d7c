import { create } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import { statusText } from '../../base/status-text.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Data,
  DataSchema,
  type Input,
  InputSchema,
  type Model,
  type Output,
  OutputSchema,
  type Status,
  StatusSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { NodeResult } from '../../workflow/plan.ts'

// What the original writes in place of bytes that the caller has just sent: the word `true`.
const BYTES_PLACEHOLDER = Buffer.from('true')

/** The status of one item with its fixed description. */
export function itemStatus(code: StatusCode, details = ''): Status {
  return create(StatusSchema, { code, description: statusText(code), details })
}

/** One node's result as an output of the contract. */
export function toOutput(result: NodeResult, model: Model, now: Micros): Output {
  return create(OutputSchema, {
    id: newId(),
    status: itemStatus(result.code, result.details),
    createdAt: toTimestamp(now),
    model,
    data: result.data ?? create(DataSchema),
  })
}

/** The caller's input as it is repeated in an answer: with an id, and without the bytes that he has anyway. */
export function echoInput(input: Input): Input {
  const { data } = input
  return create(InputSchema, { id: input.id || newId(), data: data && withoutBytes(data) })
}

function withoutBytes(data: Data): Data {
  const copy = { ...data }
  if (data.image && data.image.base64.length > 0) copy.image = { ...data.image, base64: BYTES_PLACEHOLDER }
  if (data.video && data.video.base64.length > 0) copy.video = { ...data.video, base64: BYTES_PLACEHOLDER }
  if (data.audio && data.audio.base64.length > 0) copy.audio = { ...data.audio, base64: BYTES_PLACEHOLDER }
  return copy
}

/** Status of a call from those of its items: all well, some, or none. */
export function overallStatus(items: readonly { readonly status?: Status }[]): Status | undefined {
  const good = items.filter((item) => item.status?.code === StatusCode.SUCCESS).length
  if (good === items.length) return undefined
  const bad = items.find((item) => item.status?.code !== StatusCode.SUCCESS)?.status
  const mixed = good > 0 || items.some((item) => item.status?.code === StatusCode.MIXED_STATUS)
  return itemStatus(mixed ? StatusCode.MIXED_STATUS : StatusCode.FAILURE, bad?.details || bad?.description)
}

/**
 * Status of one input from those of its nodes: success, the common failure of all, or what went wrong first. A node
 * that has only a part of the selected concepts has done its work, so it does not make the input a failure.
 */
export function resultStatus(outputs: readonly Output[]): Status {
  const troubled = outputs.flatMap(({ status }) => (status && status.code !== StatusCode.SUCCESS ? [status] : []))
  const [first] = troubled
  if (!first) return itemStatus(StatusCode.SUCCESS)
  const done = troubled.length < outputs.length || troubled.some(({ code }) => code === StatusCode.MIXED_STATUS)
  if (done) return itemStatus(StatusCode.MIXED_STATUS, first.details)
  const common = troubled.every(({ code }) => code === first.code)
  return itemStatus(common ? first.code : StatusCode.FAILURE, first.details)
}
