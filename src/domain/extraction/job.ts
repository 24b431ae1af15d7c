import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import {
  changeExtraction,
  countExtraction,
  holdArchive,
  UNFINISHED_EXTRACTION,
} from '../../store/repos/extraction-jobs.ts'
import { inputsExtractionJobs } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { announceEnded } from '../inputs/callbacks.ts'
import { callInApp } from '../inputs/process/call.ts'
import { defineJob } from '../jobs/define.ts'
import type { Services } from '../services.ts'
import { readExtraction } from './document.ts'
import { EXTRACTIONS_AT_ONCE, REASON_CHARS_MAX } from './limits.ts'
import type { ExtractionState } from './state.ts'
import { type ExtractionContext, FileStore } from './store-files.ts'
import { walkStored } from './walk-archive.ts'
import { walkBucket } from './walk-bucket.ts'

/**
 * Makes inputs of the files in an uploaded archive or in a bucket. Each checkpoint stores some inputs together with how
 * far the job is, so one that was killed goes on behind them.
 */
export const extractionJob = defineJob<{ readonly extractionPk: number }, ExtractionState>({
  kind: 'extract-inputs',
  concurrency: EXTRACTIONS_AT_ONCE,
  async run(ctx) {
    const { args, appPk, services, signal, log } = ctx
    const row = await inputsExtractionJobs.getByPk(services.db.read, args.extractionPk)
    const call = await callInApp(services, appPk!, { requestId: ctx.id, signal, log })
    if (!row || !call || !UNFINISHED_EXTRACTION.includes(row.status_code)) return
    if (row.status_code === StatusCode.JOB_QUEUED) {
      await ctx.checkpoint(async (tx) => {
        await changeExtraction(tx, row.pk, { status_code: StatusCode.JOB_RUNNING }, services.clock.now())
        return undefined
      })
    }
    const store = await FileStore.of(ctx, row, call)
    if (row.sealed === '') await walkUpload(ctx, row, store)
    else await walkBucket(ctx, row, store)
  },
  async settled(tx, { args, status, error }, services) {
    const row = await inputsExtractionJobs.getByPk(tx, args.extractionPk)
    if (!row) return
    const code = endOf(status, error?.code)
    const status_details = status === 'succeeded' ? row.status_details : (error?.details ?? '')
    await endExtraction(services, tx, row, code, status_details)
  },
})

function endOf(status: string, code: StatusCode | undefined): StatusCode {
  if (status === 'succeeded') return StatusCode.JOB_COMPLETED
  // The inputs add job was cancelled, which this one has noticed before it was itself.
  if (status === 'cancelled' || code === StatusCode.JOB_CONFLICT) return StatusCode.JOB_CANCELLED
  const own = code === StatusCode.LIST_OBJECTS_FAILED || code === StatusCode.ARCHIVE_EXTRACT_FAILED
  return own ? code : StatusCode.JOB_FAILED
}

/** Writes down how an extraction ended; archives that were not done count as failed, credentials are forgotten. */
async function endExtraction(
  services: Services,
  tx: Writer,
  row: Row<'inputs_extraction_jobs'>,
  status_code: StatusCode,
  status_details: string,
): Promise<void> {
  const now = services.clock.now()
  await holdArchive(tx, row.pk, null, now)
  const left = row.archives_pending + row.archives_running
  const counts = {
    archives_pending: -row.archives_pending,
    archives_running: -row.archives_running,
    archives_failed: left,
  }
  await countExtraction(tx, row.pk, counts, now)
  const change = { status_code, status_details: status_details.slice(0, REASON_CHARS_MAX), sealed: '' }
  await changeExtraction(tx, row.pk, change, now)
  await announceEnded(services, tx, row.app_pk)
}

/** What was uploaded is an archive, or one file that becomes one input. */
async function walkUpload(ctx: ExtractionContext, row: Row<'inputs_extraction_jobs'>, store: FileStore): Promise<void> {
  const { clock } = ctx.services
  const archive = ctx.state?.archive ?? { ...readExtraction(row).file!, hash: row.hash!, files: 0 }
  if (!ctx.state) {
    await ctx.checkpoint(async (tx) => {
      await countExtraction(tx, row.pk, { archives_pending: -1, archives_running: 1 }, clock.now())
      return { state: { archive } }
    })
  }
  await walkStored(ctx, store, archive, { folder: '', rest: {} })
  await ctx.checkpoint(async (tx) => {
    await countExtraction(tx, row.pk, { archives_running: -1, archives_done: 1 }, clock.now())
    return undefined
  })
}
