import { create } from '@bufbuild/protobuf'
import type { BlobStore } from '../../blobs/blob-store.ts'
import { type Data, DataSchema, type Input, InputSchema } from '../../contract/index.ts'
import { MAX_TEXT_BYTES, MAX_VIDEO_URL_BYTES } from '../../media/limits.ts'
import type { StoredOriginal } from '../../store/repos/input-media.ts'

/** A stored input as models take it: with the bytes of its media. */
export async function storedInput(
  blobs: BlobStore,
  originals: readonly Pick<StoredOriginal, 'kind' | 'hash' | 'content'>[],
): Promise<Input> {
  const data: Data = create(DataSchema)
  for (const { kind, hash, content } of originals) {
    const bytes = content ?? (await blobs.bytes(hash, MAX_VIDEO_URL_BYTES))
    if (kind === 'text') data.text = { ...blank.text!, raw: decoder.decode(bytes.subarray(0, MAX_TEXT_BYTES)) }
    else data[kind] = { ...blank[kind]!, base64: bytes } as never
  }
  return create(InputSchema, { data })
}

const blank = create(DataSchema, { image: {}, video: {}, audio: {}, text: {} })
const decoder = new TextDecoder()
