import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { uploads } from '../../store/repos/families.ts'
import { releaseUploads } from '../../store/repos/uploads.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { abandonUpload } from './complete.ts'
import { invalidUpload, missingUpload } from './problem.ts'

/**
 * Stops uploads that are under way, which are shown as cancelled until they would have expired, and deletes those that
 * have ended, with their content. Throws 11101, changing nothing, when there is no such upload.
 */
export async function deleteUploads(call: Call, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) throw invalidUpload('The request names no upload; send at least one id.')
  if (ids.length > BATCH_ITEMS_MAX) {
    throw invalidUpload(`The request has ${ids.length} ids; send at most ${BATCH_ITEMS_MAX} at a time.`)
  }
  const { services, target } = call
  const appPk = requireApp(target).pk
  await services.db.transact(async (tx) => {
    const found = await uploads.getMany(tx, appPk, ids)
    const unknown = ids.find((id) => !found.has(id))
    if (unknown !== undefined) throw missingUpload(unknown)
    for (const row of found.values()) {
      if (row.status_code === StatusCode.UPLOAD_IN_PROGRESS) {
        await abandonUpload(services, tx, row, StatusCode.UPLOAD_CANCELED)
        continue
      }
      await releaseUploads(tx, [row.pk], services.clock.now())
      await uploads.deleteMany(tx, appPk, [row.id])
    }
  })
}
