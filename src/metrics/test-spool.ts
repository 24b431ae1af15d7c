import type { Spool } from './spool.ts'

/** A spool in memory. */
export function memorySpool(): Spool {
  let bytes = Buffer.alloc(0)
  return {
    write(more) {
      const start = bytes.length
      bytes = Buffer.concat([bytes, more])
      return start
    },
    read(start, into) {
      into.set(bytes.subarray(start, start + into.length))
    },
    close() {},
  }
}
