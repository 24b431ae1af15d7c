import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Micros } from '../base/clock.ts'

/** A blob's file and when it was last put. */
export interface BlobFile {
  hash: string
  modifiedAt: Micros
}

const FAN_OUT = /^[0-9a-f]{2}$/
const HASH = /^[0-9a-f]{64}$/

/** Walks all blobs under the blobs folder, one small folder at a time; files of other names are passed over. */
export async function* listBlobFiles(root: string): AsyncGenerator<BlobFile> {
  for (const first of await readdir(root)) {
    if (!FAN_OUT.test(first)) continue
    for (const second of await readdir(join(root, first))) {
      if (!FAN_OUT.test(second)) continue
      const folder = join(root, first, second)
      for (const hash of await readdir(folder)) {
        if (!HASH.test(hash)) continue
        const found = await stat(join(folder, hash)).catch(() => undefined)
        if (found) yield { hash, modifiedAt: found.mtimeMs * 1000 }
      }
    }
  }
}
