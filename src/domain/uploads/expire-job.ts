import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { uploads } from '../../store/repos/families.ts'
import { releaseUploads } from '../../store/repos/uploads.ts'
import type { Row } from '../../store/schema/tables.ts'
import { defineJob } from '../jobs/define.ts'
import type { Services } from '../services.ts'
import { abandonUpload } from './complete.ts'
import { UPLOAD_KEPT_MICROS } from './limits.ts'

/**
 * Ends an upload when its time is over. One that never became whole is shown as expired for as long again, so that its
 * sender learns why; whole ones and those that had ended go with their content.
 */
export const expireUploadJob = defineJob<{ readonly uploadPk: number }>({
  kind: 'expire-upload',
  async run({ args, services, checkpoint }) {
    await checkpoint(async (tx) => {
      const row = await uploads.getByPk(tx, args.uploadPk)
      if (!row) return undefined
      const now = services.clock.now()
      if (row.expires_at > now) {
        await enqueueExpiry(services, tx, row, String(row.revision))
      } else if (row.status_code === StatusCode.UPLOAD_IN_PROGRESS) {
        const ended = await abandonUpload(services, tx, row, StatusCode.UPLOAD_EXPIRED)
        const shown = await uploads.update(tx, ended, { expires_at: now + UPLOAD_KEPT_MICROS }, now)
        await enqueueExpiry(services, tx, shown, String(shown.revision))
      } else {
        await releaseUploads(tx, [row.pk], now)
        await uploads.deleteMany(tx, row.app_pk, [row.id])
      }
      return undefined
    })
  },
})

/** Has an upload ended when its time is over. */
export async function enqueueExpiry(
  { jobs }: Pick<Services, 'jobs'>,
  tx: Writer,
  { pk, app_pk, expires_at }: Row<'uploads'>,
  // The job that asks for the next look is unfinished itself.
  turn = '',
): Promise<void> {
  const options = { appPk: app_pk, runAfter: expires_at, dedupeKey: `${pk} ${turn}` }
  await jobs.enqueue(tx, expireUploadJob, { uploadPk: pk }, options)
}
