import { statusText } from '../../base/status-text.ts'
import { StatusCodeSchema } from '../../contract/gen/proto/clarifai/api/status/status_code_pb.js'
import type { UnaryHandler } from '../define/rpc.ts'

/** Every number once, although some have two names. */
const codes = [...new Set(StatusCodeSchema.values.map((value) => value.number))]
  .filter((code) => code !== 0)
  .sort((a, b) => a - b)

export const listStatusCodesRpc = {
  ListStatusCodes: (() => ({
    statuses: codes.map((code) => ({ code, description: statusText(code) })),
  })) satisfies UnaryHandler<'ListStatusCodes'>,
}
