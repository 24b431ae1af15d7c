import { promisify } from 'node:util'
import { brotliCompress, constants, deflate, gzip } from 'node:zlib'

/** A content coding that answers can be sent in. */
export type Coding = 'br' | 'gzip' | 'deflate'

// Answers are made once and sent once, so the levels are those where time still buys size.
const BROTLI_QUALITY = 4
const ZLIB_LEVEL = 4

const PREFERENCE: readonly Coding[] = ['br', 'gzip', 'deflate']

const brotliAsync = promisify(brotliCompress)
const gzipAsync = promisify(gzip)
const deflateAsync = promisify(deflate)

/** The coding to use for an Accept-Encoding header: of those with the highest weight the one that packs best. */
export function chooseCoding(accept: string | undefined): Coding | undefined {
  if (!accept) return undefined
  const weights = new Map<string, number>()
  for (const item of accept.split(',')) {
    const [name = '', ...params] = item.split(';')
    const q = params.map((p) => /^\s*q=(.*)$/i.exec(p)?.[1]).find((v) => v !== undefined)
    weights.set(name.trim().toLowerCase(), q === undefined ? 1 : Number(q) || 0)
  }
  const weightOf = (coding: string): number => weights.get(coding) ?? weights.get('*') ?? 0
  let best: Coding | undefined
  for (const coding of PREFERENCE) {
    if (weightOf(coding) > 0 && (best === undefined || weightOf(coding) > weightOf(best))) best = coding
  }
  return best
}

/** The text in a content coding, compressed off the main thread. */
export function compress(text: string, coding: Coding): Promise<Buffer> {
  const bytes = Buffer.from(text)
  switch (coding) {
    case 'br':
      return brotliAsync(bytes, {
        params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      })
    case 'gzip':
      return gzipAsync(bytes, { level: ZLIB_LEVEL })
    case 'deflate':
      return deflateAsync(bytes, { level: ZLIB_LEVEL })
  }
}
