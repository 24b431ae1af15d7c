import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Message } from '@bufbuild/protobuf'
import { httpStatusOf } from '../../base/http-status.ts'
import type { Soon } from '../../base/soon.ts'
import { SingleStatusCodeResponseSchema } from '../../contract/index.ts'
import { encodeJson, type JsonNames } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { chooseCoding, compress } from './encoding.ts'
import { isClosed } from './http-call.ts'

/** What every response message of the contract has. */
type WithStatus = Message & { status?: { code: StatusCode; details: string; redirectInfo?: Redirect } }

interface Redirect {
  readonly url: string
  readonly resourceType: string
  readonly oldResourceId: string
  readonly newResourceId: string
}

/** HTTP status of a response message. */
export function statusOf(message: Message): number {
  const { code = StatusCode.SUCCESS, details = '' } = (message as WithStatus).status ?? {}
  // Its status is what was asked for, not how the call went; only a failure says something in details.
  if (message.$typeName === SingleStatusCodeResponseSchema.typeName && details === '') return 200
  return httpStatusOf(code === StatusCode.ZERO ? StatusCode.SUCCESS : code)
}

/** Headers that a response message itself asks for; `asked` is the path and query of the request. */
export function headersOf(message: Message, asked: string): Record<string, string> {
  const status = (message as WithStatus).status
  const redirect = status?.code === StatusCode.MOVED ? status.redirectInfo : undefined
  if (!redirect) return {}
  const url = sameRequest(redirect, asked) ?? redirect.url
  // Ids may hold any script; a header may not.
  return { location: /^[\x21-\x7e]+$/.test(url) ? url : encodeURI(url) }
}

/** The request again with the new id in place of the old one, which stands after the plural of its kind. */
function sameRequest({ resourceType, oldResourceId, newResourceId }: Redirect, asked: string): string | undefined {
  const end = asked.indexOf('?') < 0 ? asked.length : asked.indexOf('?')
  const parts = asked.slice(0, end).split('/')
  const at = parts.findIndex((part, index) => part === oldResourceId && parts[index - 1] === `${resourceType}s`)
  if (at < 0) return undefined
  parts[at] = encodeURIComponent(newResourceId)
  return parts.join('/') + asked.slice(end)
}

/** How one answer is to be sent. */
export interface Sending {
  readonly names: JsonNames
  readonly acceptEncoding: string | undefined
  readonly compressFrom: number
  /** Path and query of the request, for redirects. */
  readonly asked: string
}

/** Writes a response message as the whole answer; does nothing when the client has gone. */
export function sendMessage(res: ServerResponse, message: Message, how: Sending): Soon<void> {
  const text = encodeJson(message, how.names)
  const headers: Record<string, string | number> = headersOf(message, how.asked)
  headers['content-type'] = 'application/json'
  if (text.length < how.compressFrom) return send(res, message, headers, text)
  headers.vary = 'accept-encoding'
  const coding = chooseCoding(how.acceptEncoding)
  if (!coding) return send(res, message, headers, text)
  headers['content-encoding'] = coding
  return compress(text, coding).then((body) => send(res, message, headers, body))
}

function send(
  res: ServerResponse,
  message: Message,
  headers: Record<string, string | number>,
  body: string | Buffer,
): void {
  headers['content-length'] = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  if (isClosed(res) || res.headersSent) return
  writeHead(res, statusOf(message), headers)
  res.end(body)
}

/** Starts an answer; 499 is a number that Node has no text for. */
export function writeHead(res: ServerResponse, status: number, headers: Record<string, string | number>): void {
  if ('stream' in res || STATUS_CODES[status] !== undefined) res.writeHead(status, headers)
  else res.writeHead(status, 'Client Closed Request', headers)
}
