import type { EncodedSource } from '../encoded-source.ts'
import { MAX_TOP_BOXES } from '../limits.ts'

/** Bytes `start` to `end`, both included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Where players find what they need first in an MP4 file that is made of fragments. */
export interface FragmentIndex {
  /** What comes before all pictures and sounds. */
  readonly init: Span
  /** The list of fragments. */
  readonly index: Span
}

const HEADER_BYTES = 16

/** Finds the index of a fragmented MP4 file; undefined when it has none in front of its fragments. */
export function findIndex(source: EncodedSource): FragmentIndex | undefined {
  let at = 0
  let initEnd: number | undefined
  for (let count = 0; count < MAX_TOP_BOXES && at + 8 <= source.size; count++) {
    const header = source.read(at, HEADER_BYTES)
    const type = header.toString('latin1', 4, 8)
    const size = sizeOf(header, source.size - at)
    if (size < 8) return undefined
    const end = at + size - 1
    if (type === 'moov') initEnd = end
    if (type === 'sidx')
      return initEnd === undefined ? undefined : { init: { start: 0, end: initEnd }, index: { start: at, end } }
    if (type === 'moof' || type === 'mdat') return undefined
    at += size
  }
  return undefined
}

function sizeOf(header: Buffer, rest: number): number {
  const size = header.readUInt32BE(0)
  if (size === 0) return rest
  return size === 1 && header.length === HEADER_BYTES ? Number(header.readBigUInt64BE(8)) : size
}
