import { newId } from '../../../base/ids.ts'
import type { Dataset, DatasetVersionExport } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { Writer } from '../../../store/database.ts'
import { getExport, putExport } from '../../../store/repos/dataset-exports.ts'
import type { Row } from '../../../store/schema/tables.ts'
import type { Call } from '../../call.ts'
import { versionConflict } from '../problem.ts'
import { percentOf } from '../versions/present.ts'
import { readFormat } from './formats.ts'
import { exportVersionJob } from './job.ts'
import { presentExport } from './present.ts'

/** What an export is of. */
export interface ExportedVersion {
  readonly row: Row<'dataset_versions'>
  readonly dataset: Row<'datasets'>
  readonly place: Pick<Dataset, 'userId' | 'appId'>
}

/** Asks for exports of a version and says how far they are; asking again changes nothing, unless one has failed. */
export async function putExports(
  call: Call,
  version: ExportedVersion,
  wanted: readonly DatasetVersionExport[],
): Promise<DatasetVersionExport[]> {
  const formats = wanted.map(({ format, includeEmbeddings }) => ({ format: readFormat(format), includeEmbeddings }))
  const { row } = version
  if (row.status_code !== StatusCode.DATASET_VERSION_READY) {
    throw versionConflict(`The dataset version '${row.id}' is not ready yet; export it when its status is 64015.`)
  }
  const rows = await call.services.db.transact(async (tx) => {
    const all: Row<'dataset_version_exports'>[] = []
    for (const wish of formats) all.push(await exportFor(call, tx, version, wish))
    return all
  })
  return Promise.all(
    rows.map(async (one) => {
      const message = presentExport(call.services, version.place, one)
      if (message.status) message.status.percentCompleted = await percentOf(call, one)
      return message
    }),
  )
}

async function exportFor(
  call: Call,
  tx: Writer,
  { row, dataset }: ExportedVersion,
  { format, includeEmbeddings }: { format: ReturnType<typeof readFormat>; includeEmbeddings: boolean },
): Promise<Row<'dataset_version_exports'>> {
  const known = await getExport(tx, row.pk, format)
  const isGood = known && known.status_code !== StatusCode.DATASET_VERSION_EXPORT_FAILED
  if (isGood && (!includeEmbeddings || known.include_embeddings === 1)) return known
  const { jobs, clock } = call.services
  const now = clock.now()
  const mediaId = newId()
  const args = { versionPk: row.pk, format, mediaId }
  const jobId = await jobs.enqueue(tx, exportVersionJob, args, { appPk: dataset.app_pk, total: row.inputs_count })
  const made = {
    version_pk: row.pk,
    format,
    include_embeddings: includeEmbeddings ? (1 as const) : (0 as const),
    status_code: StatusCode.DATASET_VERSION_EXPORT_PENDING,
    status_details: '',
    media_id: mediaId,
    hash: null,
    size: 0,
    job_id: jobId,
    created_at: now,
    modified_at: now,
  }
  await putExport(tx, made, now)
  return made
}
