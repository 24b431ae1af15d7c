import { createHash } from 'node:crypto'
import { type ModelVersion, ModelVersionSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { versionOfApp } from '../../store/repos/model-versions.ts'
import type { AppRef } from '../access/principal.ts'
import { MEDIA_PATH, partsOf } from '../media/address.ts'
import { type FoundMediaFile, noSuchMedium } from '../media/find.ts'
import { LINK_MICROS } from '../media/links.ts'
import type { Services } from '../services.ts'

/** The log of a version's training by what its address names. */
export interface TrainLogPlace {
  readonly userId: string
  readonly appId: string
  /** Of the version. */
  readonly id: string
}

const PATH = new RegExp(`^${MEDIA_PATH}/train_log/users/([^/]+)/apps/([^/]+)/versions/([0-9a-f]{32})$`)

/** The path of a log; models may be renamed, so it names the version alone. */
export const trainLogPath = ({ userId, appId, id }: TrainLogPlace): string =>
  `${MEDIA_PATH}/train_log/users/${encodeURIComponent(userId)}/apps/${encodeURIComponent(appId)}/versions/${id}`

/** What a path names; undefined when it names no log. */
export function readTrainLogPath(path: string): TrainLogPlace | undefined {
  const parts = partsOf(PATH, path)
  return parts && { userId: parts[0]!, appId: parts[1]!, id: parts[2]! }
}

/**
 * Puts a link in place of the log in a version about to be answered, if it has one: clients fetch `train_log` without
 * a key.
 */
export function withLogLink(
  { origin, mediaLinks, clock }: Pick<Services, 'origin' | 'mediaLinks' | 'clock'>,
  version: ModelVersion,
): ModelVersion {
  if (version.trainLog === '') return version
  version.trainLog = origin.url + mediaLinks.sign(trainLogPath(version), clock.now() + LINK_MICROS)
  return version
}

/** The log of a version of an app as a file, where version and model are at least this visible; throws AppError 11101. */
export async function trainLogFile(
  { db }: Pick<Services, 'db'>,
  app: AppRef,
  versionId: string,
  minVisibility: number,
): Promise<FoundMediaFile> {
  const row = await versionOfApp(db.read, app.pk, versionId, minVisibility)
  const text = row ? decodeDoc(ModelVersionSchema, row.doc).trainLog : ''
  if (text === '') throw noSuchMedium()
  const content = Buffer.from(text)
  const hash = createHash('sha256').update(content).digest('hex')
  return { sizeName: 'orig', hash, start: 0, size: content.length, contentType: 'text/plain; charset=utf-8', content }
}
