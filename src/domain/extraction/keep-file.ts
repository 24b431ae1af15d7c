import { AppError } from '../../base/errors.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { MAX_AUDIO_BYTES, MAX_IMAGE_BYTES, MAX_TEXT_BYTES } from '../../media/limits.ts'
import { type MediaKind, sniff } from '../../media/sniff.ts'
import { blobMedium, isSmallText, smallText } from '../inputs/keep-contents.ts'
import type { PostedMedium } from '../inputs/posted.ts'
import { FILE_BYTES_MAX, WHOLE_BYTES_MAX } from './limits.ts'

const BYTES_MAX: Readonly<Record<MediaKind, number>> = {
  image: MAX_IMAGE_BYTES,
  audio: MAX_AUDIO_BYTES,
  text: MAX_TEXT_BYTES,
  video: FILE_BYTES_MAX,
}

/** The file is nothing that an input could hold. */
export const unfitFile = (name: string, why: string): AppError =>
  new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, `The file '${name.slice(0, 100)}' ${why}.`)

/** A content that has been taken in, and is being written. */
export interface TakenFile {
  /** Resolves when the medium is on the disk, unless it lies in its row. */
  readonly kept: Promise<PostedMedium>
}

/**
 * Takes the content of a file of which nobody knows what it is, and finds that out. Resolves once the content has been
 * read, so that the next one may come. Throws AppError 30101 for what is no medium or too large for one.
 */
export async function takeFile(
  blobs: BlobStore,
  name: string,
  size: number,
  content: AsyncIterable<Uint8Array>,
): Promise<TakenFile> {
  if (size > FILE_BYTES_MAX) throw unfitFile(name, `has ${size} bytes; inputs have at most ${FILE_BYTES_MAX}`)
  const pieces = content[Symbol.asyncIterator]()
  try {
    const head: Uint8Array[] = []
    let bytes = 0
    while (bytes <= WHOLE_BYTES_MAX) {
      const next = await pieces.next()
      if (next.done) return await whole(blobs, name, Buffer.concat(head))
      head.push(next.value)
      bytes += next.value.length
    }
    return await video(blobs, name, Buffer.concat(head), { [Symbol.asyncIterator]: () => pieces })
  } finally {
    await pieces.return?.()
  }
}

async function whole(blobs: BlobStore, name: string, bytes: Buffer): Promise<TakenFile> {
  if (bytes.length === 0) throw unfitFile(name, 'is empty')
  const { kind, mime } = (await sniff(bytes)) ?? refuse(name)
  if (bytes.length > BYTES_MAX[kind]) refuse(name)
  if (isSmallText(kind, bytes)) return { kept: Promise.resolve(smallText(bytes)) }
  return { kept: blobs.put(bytes).then((blob) => blobMedium(kind, blob, mime)) }
}

/** What is larger than pictures, sounds and texts may be is written as it comes. */
async function video(
  blobs: BlobStore,
  name: string,
  head: Buffer,
  rest: AsyncIterable<Uint8Array>,
): Promise<TakenFile> {
  const found = await sniff(head)
  if (found?.kind !== 'video') throw unfitFile(name, `has more than ${WHOLE_BYTES_MAX} bytes and is no video`)
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield head
    yield* rest
  }
  const blob = await blobs.put(all(), { bytesMax: FILE_BYTES_MAX }).catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== StatusCode.CONN_EXCEEDS_LIMITS) throw error
    throw unfitFile(name, `has more than ${FILE_BYTES_MAX} bytes`)
  })
  return { kept: Promise.resolve(blobMedium('video', blob, found.mime)) }
}

function refuse(name: string): never {
  throw unfitFile(name, 'is no picture, video, sound or text of a format that inputs may have')
}
