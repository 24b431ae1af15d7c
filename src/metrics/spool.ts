import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'

/** A place for bytes that are too many for memory: written at the end, read anywhere. */
export interface Spool {
  /** Appends bytes; returns where they begin. */
  write(bytes: Uint8Array): number
  /** Fills `into` with what lies at a place. */
  read(start: number, into: Uint8Array): void
  close(): void
}

/**
 * A spool in a new file, made when there is something to write. The file has no name any more once it is open, so that
 * nothing stays behind however the process ends. Reads and writes are synchronous: it is made for processes that do
 * nothing else.
 */
export function fileSpool(path: string): Spool {
  let fd: number | undefined
  let end = 0
  return {
    write(bytes) {
      fd ??= openNameless(path)
      const start = end
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, start + done)
      end += bytes.length
      return start
    },
    read(start, into) {
      for (let done = 0; done < into.length; ) {
        const count = fd === undefined ? 0 : readSync(fd, into, done, into.length - done, start + done)
        if (count === 0) throw new Error('a spool file ended too early')
        done += count
      }
    },
    close() {
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
}

function openNameless(path: string): number {
  const fd = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
  } catch {
    // Some systems keep the names of open files; the file goes with its folder then.
  }
  return fd
}
