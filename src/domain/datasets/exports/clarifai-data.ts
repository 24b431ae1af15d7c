import { create } from '@bufbuild/protobuf'
import { encodeMessage } from '../../../contract/binary/index.ts'
import { type Embedding, EmbeddingSchema, type Input, InputBatchSchema } from '../../../contract/index.ts'
import { encodeJson } from '../../../contract/json/index.ts'
import { inputEmbeddings } from '../../../store/repos/dataset-embeddings.ts'
import type { Services } from '../../services.ts'
import { type Batch, batchesOf, inputsIn } from '../versions/batches.ts'
import { type Entry, Mark } from './zip.ts'

/** What an export is made of. */
export interface ExportSource {
  readonly services: Pick<Services, 'db' | 'blobs'>
  readonly versionPk: number
  readonly appPk: number
  readonly includeEmbeddings: boolean
  /** Versions of models whose vectors are wanted; empty for all. */
  readonly embedders: readonly string[]
  /** Inputs of the version. */
  readonly inputsCount: number
}

const FOLDER = 'all'

// By these very words readers know what the archive holds.
const MIMETYPE = { protobuf: 'application/x.clarifai-data+protobuf', json: 'application/x.clarifai-data+json' } as const

/** How many parts of the version are written, and the inputs in them. */
export interface ChunkCursor {
  readonly chunk: number
  readonly inputs: number
}

/**
 * The files of a CLARIFAI_DATA export: `mimetype`, then one InputBatch after the other, whose names end with how many
 * inputs are in them.
 */
export async function* clarifaiData(
  source: ExportSource,
  form: 'protobuf' | 'json',
  from?: ChunkCursor,
): AsyncGenerator<Entry<ChunkCursor> | Mark<ChunkCursor>> {
  if (!from) yield { name: 'mimetype', content: Buffer.from(MIMETYPE[form]), plain: true }
  let { chunk, inputs } = from ?? { chunk: 0, inputs: 0 }
  for await (const batch of batchesOf(source.services, source.versionPk, chunk)) {
    const name = `${FOLDER}/${String(chunk++).padStart(6, '0')}_n${batch.chunk.inputs}`
    // The parts are at hand as they are, so that packing them would take longer than everything else.
    yield { name, content: await contentOf(source, batch, form), plain: form === 'protobuf' }
    inputs += batch.chunk.inputs
    yield new Mark({ chunk, inputs }, inputs)
  }
}

async function contentOf(source: ExportSource, batch: Batch, form: 'protobuf' | 'json'): Promise<Uint8Array> {
  if (form === 'protobuf' && !source.includeEmbeddings) return batch.bytes
  const inputs = [...inputsIn(batch)]
  if (source.includeEmbeddings) await addEmbeddings(source, inputs)
  const message = create(InputBatchSchema, { inputs })
  return form === 'protobuf' ? encodeMessage(InputBatchSchema, message) : Buffer.from(encodeJson(message, 'snake'))
}

/** Vectors are those that the inputs have now: they never change, and go only with their input. */
async function addEmbeddings(source: ExportSource, inputs: readonly Input[]): Promise<void> {
  const ids = inputs.map(({ id }) => id)
  const found = await inputEmbeddings(source.services.db.read, source.appPk, ids, source.embedders)
  for (const { id, data } of inputs) if (data) data.embeddings = (found.get(id) ?? []).map(toEmbedding)
}

function toEmbedding(bytes: Uint8Array): Embedding {
  // A copy, as the bytes of a row may lie anywhere in a larger buffer.
  const vector = [...new Float32Array(Uint8Array.from(bytes).buffer)]
  return create(EmbeddingSchema, { vector, numDimensions: vector.length })
}
