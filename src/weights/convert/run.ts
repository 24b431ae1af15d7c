/** Turns the files of a package into the files that the store keeps. */
import { copyFile, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Conversion, WeightSource } from '../manifest-types.ts'
import { syncToDisk } from '../sync-to-disk.ts'
import { convertCmudict } from './cmudict.ts'
import { readGgmlWhisper } from './ggml.ts'
import { convertWhisper } from './ggml-whisper.ts'
import { readGguf } from './gguf.ts'
import { convertLlama } from './gguf-llama.ts'
import { exportedLiteral } from './js-literal.ts'
import { convertKerasLayers, type KerasModel } from './keras-layers.ts'
import type { Metadata } from './metadata.ts'
import { convertMobileNetV3Small } from './mobilenet-v3-small.ts'
import { convertTfjsGraph, type TfjsGraphModel } from './tfjs-graph.ts'

/** What to convert and where; both folders exist, source files lie under the paths that the conversion names. */
export interface ConversionJob {
  conversion: Conversion
  outputs: WeightSource['outputs']
  /** What ends up in the files for those who open them elsewhere. */
  metadata: Metadata
  sourceDir: string
  outputDir: string
}

/** The bytes of the converted files by output key. */
async function convertFiles(
  conversion: Exclude<Conversion, { kind: 'copy' }>,
  outputs: ConversionJob['outputs'],
  sourceDir: string,
  metadata: Metadata,
): Promise<Record<string, Buffer>> {
  const read = (path: string): Promise<Buffer> => readFile(join(sourceDir, path))
  switch (conversion.kind) {
    case 'tfjs-graph': {
      const model = JSON.parse((await read(conversion.model)).toString('utf8')) as TfjsGraphModel
      const weights = Buffer.concat(await Promise.all(conversion.weights.map(read)))
      return { model: convertTfjsGraph(model, weights, conversion.cut, metadata) }
    }
    case 'keras-json': {
      const model = JSON.parse((await read(conversion.model)).toString('utf8')) as KerasModel
      const weights = Buffer.concat(await Promise.all(conversion.weights.map(read)))
      return { model: convertKerasLayers(model, weights, conversion.cut, metadata) }
    }
    case 'keras-js': {
      const literal = async (path: string): Promise<unknown> => exportedLiteral((await read(path)).toString('utf8'))
      const model = (await literal(conversion.model)) as KerasModel
      const shards = await Promise.all(conversion.weights.map(literal))
      const weights = Buffer.concat(shards.map((shard) => Buffer.from(String(shard), 'base64')))
      return { model: convertKerasLayers(model, weights, conversion.cut, metadata) }
    }
    case 'mobilenet-v3-small':
      return { model: convertMobileNetV3Small(readGguf(await read(conversion.gguf)), metadata) }
    case 'gguf-llama': {
      const gguf = readGguf(Buffer.concat(await Promise.all(conversion.parts.map(read))))
      const source = (await read(conversion.codebook)).toString('latin1')
      return { ...convertLlama(gguf, source, outputs.data?.file ?? '', metadata) }
    }
    case 'join':
      return { model: Buffer.concat(await Promise.all(conversion.parts.map(read))) }
    case 'cmudict':
      return convertCmudict((await read(conversion.dictionary)).toString('latin1'))
    case 'ggml-whisper':
      return { ...convertWhisper(readGgmlWhisper(await read(conversion.ggml)), metadata) }
  }
}

async function write(path: string, bytes: Buffer): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(bytes)
  } finally {
    await handle.close()
  }
}

/** Converts or copies into the output folder and waits until the files are on disk. Throws when a source is not usable. */
export async function runConversion(job: ConversionJob): Promise<void> {
  const { conversion, outputs, metadata, sourceDir, outputDir } = job
  const target = (key: string): string => {
    const output = outputs[key]
    if (!output) throw new Error(`the catalogue names no output ${key}`)
    return join(outputDir, output.file)
  }
  if (conversion.kind === 'copy') {
    for (const [key, path] of Object.entries(conversion.files)) await copyFile(join(sourceDir, path), target(key))
  } else {
    const files = await convertFiles(conversion, outputs, sourceDir, metadata)
    for (const [key, bytes] of Object.entries(files)) await write(target(key), bytes)
  }
  for (const { file } of Object.values(outputs)) await syncToDisk(join(outputDir, file))
}
