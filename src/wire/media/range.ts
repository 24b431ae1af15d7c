import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** Bytes `start` to `end`, both included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Refuses a range; `size` is what there is, in bytes. */
export class RangeOutside extends AppError {
  readonly size: number

  constructor(size: number) {
    super(
      StatusCode.CONN_INVALID_RANGE,
      `The range does not lie in the ${size} bytes; ask for bytes=FIRST-LAST, counted from 0.`,
    )
    this.size = size
  }
}

const ONE = /^bytes=[ \t]*(\d{0,16})-(\d{0,16})[ \t]*$/

/**
 * What a Range header asks of `size` bytes; undefined where the whole is to be sent: without a header, with another
 * unit, and for several ranges at once, which a server may answer whole. Throws AppError 11105 for a range that is no
 * range or lies outside.
 */
export function readRange(header: string | undefined, size: number): Span | undefined {
  if (header === undefined || !header.startsWith('bytes=') || header.includes(',')) return undefined
  const [, first = '', last = ''] = ONE.exec(header) ?? []
  if (first === '' && last === '') throw new RangeOutside(size)
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start > end || (first !== '' && last !== '' && Number(last) < start)) throw new RangeOutside(size)
  return { start, end }
}
