import { BinaryReader } from '@bufbuild/protobuf/wire'
import { decodeMessage } from '../../../contract/binary/index.ts'
import { type Input, InputSchema } from '../../../contract/index.ts'
import { chunksOf } from '../../../store/repos/dataset-versions.ts'
import type { Row } from '../../../store/schema/tables.ts'
import type { Services } from '../../services.ts'
import { CHUNK_BYTES_MAX } from './limits.ts'

/** A part of a version with its content. */
export interface Batch {
  readonly chunk: Row<'dataset_version_chunks'>
  readonly bytes: Uint8Array
}

/** The parts of a version one after the other from the part `from` on, each read while the one before is worked on. */
export async function* batchesOf(
  { db, blobs }: Pick<Services, 'db' | 'blobs'>,
  versionPk: number,
  from = 0,
): AsyncGenerator<Batch> {
  const chunks = (await chunksOf(db.read, versionPk)).slice(from)
  const read = (at: number): Promise<Uint8Array> | undefined => {
    const chunk = chunks[at]
    const bytes = chunk && blobs.bytes(chunk.hash, CHUNK_BYTES_MAX)
    // What fails is told when it is its turn.
    bytes?.catch(() => {})
    return bytes
  }
  let next = read(0)
  for (const [at, chunk] of chunks.entries()) {
    const bytes = await next!
    next = read(at + 1)
    yield { chunk, bytes }
  }
}

const INPUT_TAG = 0x0a

/**
 * The inputs of a part, each decoded when it is asked for: what is done with one is forgotten before the next, which
 * keeps the memory of walks through large versions small.
 */
export function* inputsIn({ bytes }: Pick<Batch, 'bytes'>): Generator<Input> {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    if (reader.uint32() !== INPUT_TAG) throw new Error('a part of a dataset version holds something else than inputs')
    yield decodeMessage(InputSchema, reader.bytes()) as Input
  }
}
