import { DatasetVersionSchema, DatasetVersionExportFormat as Format } from '../../../contract/index.ts'
import { decodeDoc } from '../../../contract/json/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { retainBlob } from '../../../store/repos/blob-rows.ts'
import { changeExport, getExport } from '../../../store/repos/dataset-versions.ts'
import { datasets, datasetVersions } from '../../../store/repos/families.ts'
import { defineJob } from '../../jobs/define.ts'
import { clarifaiData, type ExportSource } from './clarifai-data.ts'
import { cocoFiles } from './coco.ts'
import type { ExportFormat } from './formats.ts'
import { type Entry, zipOf } from './zip.ts'

interface Args {
  readonly versionPk: number
  readonly format: ExportFormat
  /** The export that is meant, as a later one may have taken its place. */
  readonly mediaId: string
}

/** What hosts an export is told of it. */
export const ZIP_CONTENT_TYPE = 'application/zip'

/** Shortest time between two notes of progress, in milliseconds: each costs a commit. */
const PROGRESS_MS = 500

const MAKE: Readonly<Record<ExportFormat, (source: ExportSource) => AsyncGenerator<Entry>>> = {
  [Format.CLARIFAI_DATA_PROTOBUF]: (source) => clarifaiData(source, 'protobuf'),
  [Format.CLARIFAI_DATA_JSON]: (source) => clarifaiData(source, 'json'),
  [Format.COCO]: cocoFiles,
}

const { DATASET_VERSION_EXPORT_IN_PROGRESS, DATASET_VERSION_EXPORT_SUCCESS } = StatusCode
const { DATASET_VERSION_EXPORT_FAILED } = StatusCode

/**
 * Writes a version as a zip of some format into the blob store, from its parts and as a stream. One that is cut off
 * begins anew: the parts are at hand, and the file comes out the same.
 */
export const exportVersionJob = defineJob<Args>({
  kind: 'dataset-export',
  async run({ args, services, checkpoint, signal, log }) {
    const { db, blobs, clock } = services
    const { mediaId } = args
    const row = await getExport(db.read, args.versionPk, args.format)
    const version = await datasetVersions.getByPk(db.read, args.versionPk)
    const dataset = version && (await datasets.getByPk(db.read, version.dataset_pk))
    if (!row || row.media_id !== mediaId || !version || !dataset) return
    await checkpoint(async (tx) => {
      await changeExport(tx, mediaId, { status_code: DATASET_VERSION_EXPORT_IN_PROGRESS }, clock.now())
      return { done: 0, total: version.inputs_count }
    })
    let done = 0
    let told = performance.now()
    const source: ExportSource = {
      services,
      versionPk: version.pk,
      appPk: dataset.app_pk,
      includeEmbeddings: row.include_embeddings === 1,
      embedders: decodeDoc(DatasetVersionSchema, version.doc).embedModelVersionIds,
      async onInputs(count) {
        signal.throwIfAborted()
        done += count
        if (performance.now() - told < PROGRESS_MS) return
        told = performance.now()
        await checkpoint(async () => ({ done }))
      },
    }
    const { hash, size } = await blobs.put(zipOf(MAKE[args.format](source)))
    await checkpoint(async (tx) => {
      const change = { status_code: DATASET_VERSION_EXPORT_SUCCESS, status_details: '', hash, size }
      // A version that was deleted meanwhile takes no file any more.
      if (await changeExport(tx, mediaId, change, clock.now())) {
        await retainBlob(tx, { hash, size, contentType: ZIP_CONTENT_TYPE }, clock.now())
      }
      return { done: version.inputs_count }
    })
    log.info({ size, inputs: version.inputs_count }, 'a dataset version was exported')
  },
  async settled(tx, { status, args, error }, { clock }) {
    if (status === 'succeeded') return
    const status_details = error?.details ?? 'The export was cancelled.'
    await changeExport(tx, args.mediaId, { status_code: DATASET_VERSION_EXPORT_FAILED, status_details }, clock.now())
  },
})
