import { create } from '@bufbuild/protobuf'
import { toTimestamp } from '../../base/timestamps.ts'
import { InputIDConflictResolution, type InputsExtractionJob, InputsExtractionJobSchema } from '../../contract/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../../store/schema/tables.ts'
import { itemStatus } from '../predict/answer.ts'
import type { Services } from '../services.ts'
import { readExtraction } from './document.ts'
import { templateOf } from './plan.ts'

/** An extraction job as a message. */
export function presentExtraction(
  { origin }: Pick<Services, 'origin'>,
  row: Row<'inputs_extraction_jobs'>,
): InputsExtractionJob {
  const plan = readExtraction(row)
  const template = templateOf(plan)
  const says = template.datasetIds.length > 0 || JSON.stringify(plan.template) !== '{}'
  return create(InputsExtractionJobSchema, {
    status: itemStatus(row.status_code as StatusCode, row.status_details),
    id: row.id,
    url: row.url.startsWith('/') ? origin.url + row.url : row.url,
    progress: {
      audioInputsCount: BigInt(row.audios),
      imageInputsCount: BigInt(row.images),
      videoInputsCount: BigInt(row.videos),
      textInputsCount: BigInt(row.texts),
      pendingArchivesCount: BigInt(row.archives_pending),
      inProgressArchivesCount: BigInt(row.archives_running),
      completedArchivesCount: BigInt(row.archives_done),
      failedArchivesCount: BigInt(row.archives_failed),
    },
    createdAt: toTimestamp(row.created_at),
    modifiedAt: toTimestamp(row.modified_at),
    inputIdConflictResolution: plan.suffix ? InputIDConflictResolution.SUFFIX : InputIDConflictResolution.SKIP,
    ...(says && { inputTemplate: template }),
  })
}
