import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { pipeline, type Readable, Transform } from 'node:stream'
import { blobDamaged } from './errors.ts'

/** Streams a whole file and closes it; the stream fails at its end when the content has another hash. */
export function readChecked(handle: FileHandle, hash: string): Readable {
  return checkingStream(handle.createReadStream(), hash)
}

/** The same for any source; whatever becomes of the result, the source is closed. */
export function checkingStream(source: Readable, hash: string): Readable {
  const found = createHash('sha256')
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      found.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      done(found.digest('hex') === hash ? null : blobDamaged(hash))
    },
  })
  // The reader of `check` gets every error; the pipeline is here to close the source in all cases.
  return pipeline(source, check, () => undefined)
}
