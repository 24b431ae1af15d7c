import { newId } from '../../base/ids.ts'
import { REQUEST_ID_PREFIX_MAX } from '../../base/limits.ts'
import type { IncomingCall } from '../call.ts'

const PREFIX = /^[\w.:-]+$/

/** A new request id: 32 hex digits, after the prefix that the client asked for so that it finds its calls in the logs. */
export function requestIdFor(header: IncomingCall['header']): string {
  const prefix = header('x-clarifai-request-id-prefix')
  const usable = prefix !== undefined && prefix.length <= REQUEST_ID_PREFIX_MAX && PREFIX.test(prefix)
  return usable ? `${prefix}-${newId()}` : newId()
}
