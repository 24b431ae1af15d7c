import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import { parseUrl } from '../fetch/url.ts'
import type { ObjectOptions } from './bucket.ts'
import { IDLE_MS_MAX, LIST_BYTES_MAX, REDIRECTS_MAX, SHOWN_CHARS_MAX } from './limits.ts'
import { ServiceRefused } from './refused.ts'

/** Headers that let a request in. */
export type Headers = Readonly<Record<string, string>>
/** Makes the headers of a request for an address. */
export type Sign = (url: string) => Promise<Headers>

const REDIRECTS = [301, 302, 303, 307, 308]

/** The text of a list; throws ServiceRefused. */
export async function getText(fetcher: Fetcher, url: string, sign: Sign, signal: AbortSignal): Promise<string> {
  const headers = await sign(url)
  const answer = await fetcher.send(url, {
    method: 'GET',
    headers: { ...headers },
    maxResponseBytes: LIST_BYTES_MAX,
    signal,
  })
  const text = answer.body.toString('utf8')
  if (answer.status !== 200) throw new ServiceRefused('The list', answer.status, text)
  return text
}

/** The content at an address; throws ServiceRefused. Only requests without credentials are sent elsewhere. */
export async function* getContent(
  fetcher: Fetcher,
  url: string,
  sign: Sign | undefined,
  { maxBytes, totalMs, signal }: ObjectOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = url, hops = 0; ; hops++) {
    const headers = sign ? await sign(at) : {}
    const limits = { maxResponseBytes: maxBytes, totalMs, idleMs: IDLE_MS_MAX, signal }
    const answer = await fetcher.open(at, { method: 'GET', headers: { ...headers }, ...limits })
    if (answer.status === 200) {
      yield* answer.body
      return
    }
    const { location } = answer.headers
    if (!sign && REDIRECTS.includes(answer.status) && location !== undefined && hops < REDIRECTS_MAX) {
      answer.close()
      at = parseUrl(location, new URL(at)).href
      continue
    }
    throw new ServiceRefused('The file', answer.status, await beginning(answer.body))
  }
}

async function beginning(body: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const piece of body) {
    text += piece.toString('utf8')
    if (text.length > 10 * SHOWN_CHARS_MAX) break
  }
  return text
}

/** A key as part of a path; everything but the slashes is escaped. */
export const pathOf = (key: string): string => key.split('/').map(encodeURIComponent).join('/')
