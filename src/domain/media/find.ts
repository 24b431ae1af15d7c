import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type FoundMediaFile, findMediaFile } from '../../store/repos/media.ts'
import type { AppRef, UserRef } from '../access/principal.ts'
import type { Services } from '../services.ts'
import type { MediaPlace } from './address.ts'

export type { FoundMediaFile } from '../../store/repos/media.ts'

/** Nothing is hosted at an address, or the caller may not know of it; both look the same. */
export const noSuchMedium = (): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, 'There is no such medium, or it is not visible to this key.')

/** The user and the app that an address names, also under the id that the app had before. */
export async function mediaApp(
  { directory }: Services,
  { userId, appId }: Pick<MediaPlace, 'userId' | 'appId'>,
): Promise<{ user: UserRef; app: AppRef }> {
  const user = await directory.user(userId)
  if (!user) throw noSuchMedium()
  const renamed = async (): Promise<AppRef | undefined> => {
    const now = await directory.appRedirect(user.pk, appId)
    return now === undefined ? undefined : directory.app(user.pk, now)
  }
  const app = (await directory.app(user.pk, appId)) ?? (await renamed())
  if (!app) throw noSuchMedium()
  return { user, app }
}

/** One size of a medium of an app. */
export async function mediaFile(
  { db }: Services,
  app: AppRef,
  { kind, id }: MediaPlace,
  size: string,
): Promise<FoundMediaFile> {
  const file = await findMediaFile(db.read, app.pk, kind, id, size)
  if (!file) throw noSuchMedium()
  return file
}
