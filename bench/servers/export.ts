/* Writes one export of a dataset version from a data folder, and prints how long it took and what memory it added. */
import { silentLog } from '../../src/base/log.ts'
import { loadConfig } from '../../src/config/config.ts'
import { clarifaiData, type ExportSource } from '../../src/domain/datasets/exports/clarifai-data.ts'
import { cocoFiles } from '../../src/domain/datasets/exports/coco.ts'
import { type Entry, zipOf } from '../../src/domain/datasets/exports/zip.ts'
import { buildServices } from '../../src/main/services.ts'

const SAMPLE_MS = 10

const [dataDir = '', versionPk = '', format = '', baseline = ''] = process.argv.slice(2)
const config = loadConfig({}, { dataDir, log: 'silent', workers: '1' })
const built = await buildServices(config, silentLog)
const { blobs } = built.services
const source: ExportSource = {
  services: built.services,
  versionPk: Number(versionPk),
  appPk: 0,
  includeEmbeddings: false,
  embedders: [],
  onInputs: () => Promise.resolve(),
}
const make = (): AsyncGenerator<Entry> => (format === 'coco' ? cocoFiles(source) : clarifaiData(source, 'protobuf'))

let size = 0
let start = 0
let peak = 0
let before = 0
if (baseline) {
  const parts: Uint8Array[] = []
  for await (const part of zipOf(make())) parts.push(part)
  await blobs.put(parts.values() as unknown as AsyncIterable<Uint8Array>)
  start = performance.now()
  size = (await blobs.put(parts.values() as unknown as AsyncIterable<Uint8Array>)).size
} else {
  // Once for code that is compiled on first use; not where memory is measured, which would then be there already.
  if (format !== 'coco') await blobs.put(zipOf(make()))
  before = process.memoryUsage.rss()
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, SAMPLE_MS)
  start = performance.now()
  size = (await blobs.put(zipOf(make()))).size
  clearInterval(sampler)
}
console.log(JSON.stringify({ ms: performance.now() - start, addedBytes: Math.max(0, peak - before), size }))
await built.close()
process.exit(0)
