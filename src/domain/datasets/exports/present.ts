import { create } from '@bufbuild/protobuf'
import {
  type Dataset,
  type DatasetVersionExport,
  type DatasetVersionExportInfo,
  DatasetVersionExportInfoSchema,
  DatasetVersionExportSchema,
} from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { itemStatus } from '../../predict/answer.ts'
import type { Services } from '../../services.ts'
import { exportPath } from './address.ts'
import { type ExportFormat, INFO_FIELD } from './formats.ts'

/** An export as a message; it has an address when it is done. */
export function presentExport(
  { origin }: Pick<Services, 'origin'>,
  { userId, appId }: Pick<Dataset, 'userId' | 'appId'>,
  row: Row<'dataset_version_exports'>,
): DatasetVersionExport {
  const isDone = row.status_code === StatusCode.DATASET_VERSION_EXPORT_SUCCESS
  return create(DatasetVersionExportSchema, {
    format: row.format,
    status: itemStatus(row.status_code as StatusCode, row.status_details),
    url: isDone ? origin.url + exportPath({ userId, appId, id: row.media_id }) : '',
    size: BigInt(row.size),
    includeEmbeddings: row.include_embeddings === 1,
  })
}

/** What a version shows of its exports; undefined without any. */
export function exportInfo(
  services: Pick<Services, 'origin'>,
  place: Pick<Dataset, 'userId' | 'appId'>,
  rows: readonly Row<'dataset_version_exports'>[],
): DatasetVersionExportInfo | undefined {
  if (rows.length === 0) return undefined
  const fields = rows.map((row) => [INFO_FIELD[row.format as ExportFormat], presentExport(services, place, row)])
  return create(DatasetVersionExportInfoSchema, Object.fromEntries(fields))
}
