import { readFile } from 'node:fs/promises'
import yauzl from 'yauzl'
import { decodeMessage } from '../contract/binary/index.ts'
import { type Data, type Input, type InputBatch, InputBatchSchema } from '../contract/index.ts'
import { decodeJson } from '../contract/json/index.ts'
import { dataOf, type Found, type ImportItem, type MediumSource } from './item.ts'
import { ANNOTATION_FILE_BYTES_MAX } from './limits.ts'
import { MediaFolder } from './media-folder.ts'

/** Archives of CLARIFAI_DATA_PROTOBUF and CLARIFAI_DATA_JSON, or their unpacked files, as dataset versions export them. */
export async function* readClarifaiData(dir: string): AsyncGenerator<Found> {
  const folder = await MediaFolder.open(dir)
  for (const path of folder.withEnding(['.zip'])) yield* readArchive(folder.absolute(path), path)
  const batches = folder.paths.filter((path) => /_n\d+$/.test(path))
  if (batches.length === 0) return
  const mimetype = folder.paths.find((path) => path.endsWith('mimetype'))
  const isJson = mimetype !== undefined && (await readFile(folder.absolute(mimetype), 'utf8')).endsWith('+json')
  for (const path of batches) yield* readBatch(await readFile(folder.absolute(path)), path, isJson)
}

async function* readArchive(file: string, source: string): AsyncGenerator<Found> {
  const zip = await yauzl.openPromise(file, { autoClose: false, lazyEntries: true })
  try {
    let isJson = false
    for await (const entry of zip.eachEntry()) {
      if (entry.uncompressedSize > ANNOTATION_FILE_BYTES_MAX) {
        yield { source: `${source} ${entry.fileName}`, problem: 'The file is too large.' }
        continue
      }
      const isBatch = /_n\d+$/.test(entry.fileName)
      if (!isBatch && entry.fileName !== 'mimetype') continue
      const parts = await Array.fromAsync((await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>)
      const bytes = Buffer.concat(parts)
      if (isBatch) yield* readBatch(bytes, `${source} ${entry.fileName}`, isJson)
      else isJson = bytes.toString().endsWith('+json')
    }
  } finally {
    zip.close()
  }
}

function* readBatch(bytes: Uint8Array, source: string, isJson: boolean): Generator<Found> {
  let inputs: readonly Input[]
  try {
    const batch = isJson
      ? decodeJson(InputBatchSchema, JSON.parse(Buffer.from(bytes).toString()))
      : (decodeMessage(InputBatchSchema, bytes) as InputBatch)
    inputs = batch.inputs
  } catch (error) {
    yield { source, problem: `The file is no batch of inputs: ${(error as Error).message}` }
    return
  }
  for (const input of inputs) {
    const item = readInput(input, `${source} ${input.id}`)
    yield item ?? { source: `${source} ${input.id}`, problem: 'The input has no medium with an address.' }
  }
}

function readInput({ id, data }: Input, source: string): ImportItem | undefined {
  const medium = data && mediumOf(data)
  if (!medium) return undefined
  const { concepts, metadata, geo, text } = data
  const isCaption = text?.raw && !(medium.from === 'url' && medium.kind === 'text') && medium.from !== 'text'
  const annotations = [
    ...data.regions.map((region) => dataOf({ regions: [region] })),
    ...data.frames.flatMap((frame) => framesOf(frame)),
    ...data.timeSegments.map((segment) => dataOf({ timeSegments: [segment] })),
    ...data.tracks.map((track) => dataOf({ tracks: [track] })),
    ...data.embeddings.map((embedding) => dataOf({ embeddings: [embedding] })),
    ...(isCaption ? [dataOf({ text: { raw: text.raw } })] : []),
  ]
  return {
    source,
    id,
    medium,
    data: dataOf({ concepts, ...(metadata && { metadata }), ...(geo && { geo }) }),
    annotations,
  }
}

/** One annotation for each region of a frame, and one for its labels. */
function framesOf({ frameInfo, data }: Data['frames'][number]): Data[] {
  const part = (inner: Data): Data => dataOf({ frames: [{ id: '', ...(frameInfo && { frameInfo }), data: inner }] })

  return [
    ...(data?.regions ?? []).map((region) => part(dataOf({ regions: [region] }))),
    ...(data && data.concepts.length > 0 ? [part(dataOf({ concepts: data.concepts }))] : []),
  ]
}

function mediumOf(data: Data): MediumSource | undefined {
  for (const kind of ['image', 'video', 'audio', 'text'] as const) {
    const medium = data[kind]
    if (!medium) continue
    const { hosted, url } = medium
    if (hosted?.prefix) return { from: 'url', url: `${hosted.prefix}/orig/${hosted.suffix}`, kind }
    if (url) return { from: 'url', url, kind }
    if (kind === 'text' && data.text?.raw) return { from: 'text', text: data.text.raw }
  }
  return undefined
}
