import { hash } from 'node:crypto'
import { newId } from '../../base/ids.ts'
import type { BlobInfo, BlobStore } from '../../blobs/blob-store.ts'
import { sniff } from '../../media/sniff.ts'
import type { MediaKind } from '../../store/schema/tables.ts'
import { type MediaDocument, NO_DOCUMENT } from '../media/document.ts'
import { INLINE_TEXT_BYTES_MAX, PARALLEL_WRITES } from './limits.ts'
import type { Posted, PostedMedium } from './posted.ts'

const TEXT_TYPE = 'text/plain; charset=utf-8'

/** Writes the contents that inputs brought along to the disk, several at a time, before any row names them. */
export async function keepContents(blobs: BlobStore, items: readonly Posted[]): Promise<void> {
  const large: (() => Promise<void>)[] = []
  for (const item of items) {
    const media: PostedMedium[] = []
    item.media = media
    for (const { kind, content } of item.given) {
      if (content === undefined) continue
      if (isSmallText(kind, content)) media.push(smallText(content))
      else large.push(async () => void media.push(await inBlob(blobs, kind, content)))
    }
  }
  const next = large.values()
  const work = async (): Promise<void> => {
    for (const keep of next) await keep()
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL_WRITES, large.length) }, work))
}

/** Whether a content lies in its row: a file and a flush for each line of a table would be far too slow. */
export const isSmallText = (kind: MediaKind, { length }: Uint8Array): boolean =>
  kind === 'text' && length <= INLINE_TEXT_BYTES_MAX

/** A text that lies in its row. */
export function smallText(content: Uint8Array): PostedMedium {
  const original = { sizeName: 'orig', hash: hash('sha256', content), start: 0, size: content.length, blobSize: 0 }
  const facts: MediaDocument = { facts: { kind: 'text', charCount: charCount(content), encoding: 'UTF8' } }
  return {
    kind: 'text',
    id: newId(),
    doc: JSON.stringify(facts),
    original: { ...original, contentType: TEXT_TYPE, content },
  }
}

/** Code points of UTF-8: each has exactly one byte that does not begin with the bits 10. */
function charCount(content: Uint8Array): number {
  let count = 0
  for (const byte of content) if ((byte & 0xc0) !== 0x80) count++
  return count
}

async function inBlob(blobs: BlobStore, kind: MediaKind, content: Uint8Array): Promise<PostedMedium> {
  const blob = await blobs.put(content)
  // Says only how it is served; whether it really is what it shall be is looked at later, by a worker.
  return blobMedium(kind, blob, (await sniff(content))?.mime)
}

/** A medium whose content has been put as a blob and begins like this type. */
export function blobMedium(kind: MediaKind, { hash: hashed, size }: BlobInfo, mime: string | undefined): PostedMedium {
  const contentType = kind === 'text' ? TEXT_TYPE : (mime ?? 'application/octet-stream')
  const original = { sizeName: 'orig', hash: hashed, start: 0, size, contentType, content: null, blobSize: size }
  return { kind, id: newId(), doc: NO_DOCUMENT, original }
}
