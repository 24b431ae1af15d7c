import { DatasetVersionSchema } from '../../../contract/index.ts'
import { decodeDoc } from '../../../contract/json/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { JobDefinition } from '../../../jobs/define.ts'
import { retainBlob } from '../../../store/repos/blob-rows.ts'
import {
  addExportPart,
  changeExport,
  dropExportParts,
  exportParts,
  getExport,
} from '../../../store/repos/dataset-exports.ts'
import { datasets, datasetVersions } from '../../../store/repos/families.ts'
import { defineJob } from '../../jobs/define.ts'
import type { Services } from '../../services.ts'
import { versionConflict } from '../problem.ts'
import type { ExportFormat } from './formats.ts'
import { PART_MS } from './limits.ts'
import { type ExportState, writeExport } from './write.ts'

interface Args {
  readonly versionPk: number
  readonly format: ExportFormat
  /** The export that is meant, as a later one may have taken its place. */
  readonly mediaId: string
}

/** What hosts an export is told of it. */
export const ZIP_CONTENT_TYPE = 'application/zip'

const { DATASET_VERSION_EXPORT_IN_PROGRESS, DATASET_VERSION_EXPORT_SUCCESS } = StatusCode
const { DATASET_VERSION_EXPORT_FAILED } = StatusCode

/**
 * Writes a version as a zip of some format into the blob store. What takes longer than `partMs` is kept in parts, so
 * that a run which is cut off goes on behind the last of them.
 */
export const exportJob = (partMs: number): JobDefinition<Args, ExportState, Services> =>
  defineJob<Args, ExportState>({
    kind: 'dataset-export',
    async run({ args, services, checkpoint, signal, log, state, done: doneBefore }) {
      const { db, clock } = services
      const { mediaId, versionPk, format } = args
      const row = await getExport(db.read, versionPk, format)
      const version = await datasetVersions.getByPk(db.read, versionPk)
      const dataset = version && (await datasets.getByPk(db.read, version.dataset_pk))
      if (!row || row.media_id !== mediaId || !version || !dataset) return
      const { inputs_count: inputsCount } = version
      let kept = await exportParts(db.read, versionPk, format)
      // One that is tried again after it had failed has no parts any more.
      const goesOn = state !== undefined && state.parts === kept.length
      await checkpoint(async (tx) => {
        if (!goesOn) await dropExportParts(tx, versionPk, format, clock.now())
        await changeExport(tx, mediaId, { status_code: DATASET_VERSION_EXPORT_IN_PROGRESS }, clock.now())
        return { total: inputsCount }
      })
      if (!goesOn) kept = []
      const { hash, size } = await writeExport({
        source: {
          services,
          versionPk,
          appPk: dataset.app_pk,
          inputsCount,
          includeEmbeddings: row.include_embeddings === 1,
          embedders: decodeDoc(DatasetVersionSchema, version.doc).embedModelVersionIds,
        },
        format,
        kept,
        state: goesOn ? state : undefined,
        partMs,
        signal,
        // Progress is what no run before had reached: an export with which the server dies again and again has failed.
        progress: (done) => checkpoint(async () => ({ done: Math.max(done, doneBefore) })),
        keep: (part, reached, done) =>
          checkpoint(async (tx) => {
            if ((await getExport(tx, versionPk, format))?.media_id !== mediaId) throw replaced()
            await addExportPart(tx, { version_pk: versionPk, format, ...part }, ZIP_CONTENT_TYPE, clock.now())
            return { state: reached, done: Math.max(done, doneBefore) }
          }),
      })
      await checkpoint(async (tx) => {
        const change = { status_code: DATASET_VERSION_EXPORT_SUCCESS, status_details: '', hash, size }
        // A version that was deleted meanwhile takes no file any more.
        if (await changeExport(tx, mediaId, change, clock.now())) {
          await retainBlob(tx, { hash, size, contentType: ZIP_CONTENT_TYPE }, clock.now())
          await dropExportParts(tx, versionPk, format, clock.now())
        }
        return { done: inputsCount }
      })
      log.info({ size, inputs: inputsCount }, 'a dataset version was exported')
    },
    async settled(tx, { status, args, error }, { clock }) {
      if (status === 'succeeded') return
      const status_details = error?.details ?? 'The export was cancelled.'
      const change = { status_code: DATASET_VERSION_EXPORT_FAILED, status_details }
      const isMeant = await changeExport(tx, args.mediaId, change, clock.now())
      if (isMeant) await dropExportParts(tx, args.versionPk, args.format, clock.now())
    },
  })

const replaced = () => versionConflict('The export was deleted, or another one has taken its place.')

/** The exports of this program. */
export const exportVersionJob = exportJob(PART_MS)
