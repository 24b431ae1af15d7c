import type { JsonObject } from '@bufbuild/protobuf'
import type { IncomingCall } from '../call.ts'

/** Asked with the value 1 and answered with compact JSON: a list, as one call may do several things. */
const HEADER = 'x-limpid-explain'
/** Clients refuse headers that are much longer; what would not fit is left out. */
const CHARS_MAX = 4_000

/** Tells the caller how a call is done, where its headers ask for it. */
export function explainerOf(incoming: IncomingCall): ((how: JsonObject) => void) | undefined {
  if (incoming.reply === undefined || incoming.header(HEADER) !== '1') return undefined
  const told: string[] = []
  let length = 2
  return (how) => {
    const text = toAscii(JSON.stringify(how))
    length += text.length + 1
    if (length > CHARS_MAX) return
    told.push(text)
    incoming.reply!(HEADER, `[${told.join(',')}]`)
  }
}

/** Headers are ASCII; JSON can say everything so. */
const toAscii = (json: string): string =>
  json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
