import { exportFile } from '../../../store/repos/dataset-exports.ts'
import type { AppRef } from '../../access/principal.ts'
import { type Target, visibleFrom } from '../../access/target.ts'
import type { FoundMediaFile } from '../../media/find.ts'
import type { Services } from '../../services.ts'
import { ZIP_CONTENT_TYPE } from './job.ts'

/** The file of a finished export of an app, where the caller may see the version; undefined otherwise. */
export async function findExport(
  { db }: Pick<Services, 'db'>,
  target: Target,
  app: AppRef,
  id: string,
): Promise<FoundMediaFile | undefined> {
  const found = await exportFile(db.read, app.pk, id)
  const lowest = visibleFrom(target)
  if (!found?.hash || found.visibility < lowest || found.version_visibility < lowest) return undefined
  const { hash, size } = found
  return { sizeName: 'orig', hash, start: 0, size, contentType: ZIP_CONTENT_TYPE, content: null }
}
