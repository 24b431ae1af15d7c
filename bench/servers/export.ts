/* Writes one export of a dataset version from a data folder, and prints how long it took and what memory it added. */
import { silentLog } from '../../src/base/log.ts'
import { loadConfig } from '../../src/config/config.ts'
import { DatasetVersionExportFormat } from '../../src/contract/index.ts'
import { PART_MS } from '../../src/domain/datasets/exports/limits.ts'
import { writeExport } from '../../src/domain/datasets/exports/write.ts'
import { buildServices } from '../../src/main/services.ts'
import { datasetVersions } from '../../src/store/repos/families.ts'

const SAMPLE_MS = 10

const [dataDir = '', versionPk = '', format = '', baseline = ''] = process.argv.slice(2)
const config = loadConfig({}, { dataDir, log: 'silent', workers: '1' })
const built = await buildServices(config, silentLog)
const { blobs, db } = built.services
const version = (await datasetVersions.getByPk(db.read, Number(versionPk)))!
const write = () =>
  writeExport({
    source: {
      services: built.services,
      versionPk: version.pk,
      appPk: 0,
      inputsCount: version.inputs_count,
      includeEmbeddings: false,
      embedders: [],
    },
    format: format === 'coco' ? DatasetVersionExportFormat.COCO : DatasetVersionExportFormat.CLARIFAI_DATA_PROTOBUF,
    kept: [],
    state: undefined,
    partMs: PART_MS,
    signal: new AbortController().signal,
    keep: () => Promise.resolve(),
    progress: () => Promise.resolve(),
  })

let size = 0
let start = 0
let peak = 0
let before = 0
if (baseline) {
  const parts = await Array.fromAsync(await blobs.read((await write()).hash))
  await blobs.put(parts.values() as unknown as AsyncIterable<Uint8Array>)
  start = performance.now()
  size = (await blobs.put(parts.values() as unknown as AsyncIterable<Uint8Array>)).size
} else {
  // Once for code that is compiled on first use; not where memory is measured, which would then be there already.
  if (format !== 'coco') await write()
  before = process.memoryUsage.rss()
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, SAMPLE_MS)
  start = performance.now()
  size = (await write()).size
  clearInterval(sampler)
}
console.log(JSON.stringify({ ms: performance.now() - start, addedBytes: Math.max(0, peak - before), size }))
await built.close()
process.exit(0)
