import type { AnyJob } from '../../jobs/define.ts'
import { duplicateAppJob } from '../app-duplications/job.ts'
import { deleteAppJob } from '../apps/delete.ts'
import { bulkOperationJob } from '../bulk-operations/job.ts'
import { collectInputsJob } from '../collectors/job.ts'
import { mapConceptsJob } from '../concept-relations/mapping.ts'
import { exportVersionJob } from '../datasets/exports/job.ts'
import { buildVersionJob } from '../datasets/versions/build-job.ts'
import { emailJob } from '../effects/email-job.ts'
import { webhookJob } from '../effects/webhook-job.ts'
import { evaluateJob } from '../evaluations/job.ts'
import { extractionJob } from '../extraction/job.ts'
import { deleteInputsJob } from '../inputs/delete-job.ts'
import { processInputsJob } from '../inputs/process/job.ts'
import { oldWordsJob } from '../inputs/process/old-words-job.ts'
import { reindexJob } from '../inputs/process/reindex.ts'
import { exportModelJob } from '../models/exports/job.ts'
import { importJob } from '../models/import-job.ts'
import { searchMetricsJob } from '../search-metrics/job.ts'
import type { Services } from '../services.ts'
import { assignTaskJob } from '../tasks/assign-job.ts'
import { autoTaskJob } from '../tasks/auto-job.ts'
import { consensusJob } from '../tasks/consensus-job.ts'
import { deleteTaskJob } from '../tasks/delete-job.ts'
import { reviewTaskJob } from '../tasks/review-job.ts'
import { settleReviewsJob } from '../tasks/settle-job.ts'
import { trainingJob } from '../training/job.ts'
import { assembleUploadJob } from '../uploads/assemble-job.ts'
import { expireUploadJob } from '../uploads/expire-job.ts'
import { evaluateWorkflowJob } from '../workflow-evaluations/job.ts'

/** Every kind of job that the server runs; one that is missing here cannot be enqueued. */
export const JOB_KINDS: readonly AnyJob<Services>[] = [
  importJob,
  // One a line, as many hands add to the list.
  assembleUploadJob,
  assignTaskJob,
  autoTaskJob,
  buildVersionJob,
  bulkOperationJob,
  collectInputsJob,
  consensusJob,
  deleteAppJob,
  deleteInputsJob,
  deleteTaskJob,
  expireUploadJob,
  duplicateAppJob,
  exportModelJob,
  exportVersionJob,
  extractionJob,
  emailJob,
  evaluateJob,
  evaluateWorkflowJob,
  mapConceptsJob,
  oldWordsJob,
  processInputsJob,
  reindexJob,
  reviewTaskJob,
  settleReviewsJob,
  searchMetricsJob,
  trainingJob,
  webhookJob,
]
