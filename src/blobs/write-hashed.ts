import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { BlobInfo } from './blob-store.ts'
import { blobTooLarge } from './errors.ts'

/** Writes a new file, hashing on the way, and flushes it if that is asked; throws beyond `bytesMax`. */
export async function writeHashed(
  file: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { bytesMax, isFlushed }: { bytesMax: number; isFlushed: boolean },
): Promise<BlobInfo> {
  const hash = createHash('sha256')
  let size = 0
  const handle = await open(file, 'wx', 0o400)
  try {
    for await (const chunk of chunks) {
      size += chunk.byteLength
      if (size > bytesMax) throw blobTooLarge(bytesMax)
      hash.update(chunk)
      await writeAll(handle, chunk)
    }
    if (isFlushed) await handle.sync()
  } finally {
    await handle.close()
  }
  return { hash: hash.digest('hex'), size }
}

/** One call may write less than it was given. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    done += (await handle.write(chunk, done, chunk.byteLength - done)).bytesWritten
  }
}
