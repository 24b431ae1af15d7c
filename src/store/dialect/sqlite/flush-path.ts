import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Flushes a folder's entries or a file to disk, waiting for it; for threads that may wait. */
export function flushPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
