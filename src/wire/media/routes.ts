import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { methodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { AppRef } from '../../domain/access/principal.ts'
import { standing } from '../../domain/access/standing.ts'
import { Visible, visibleFrom } from '../../domain/access/target.ts'
import { MEDIA_PATH, pathOf, readPath } from '../../domain/media/address.ts'
import { type FoundMediaFile, mediaApp, mediaFile, noSuchMedium } from '../../domain/media/find.ts'
import { readTrainLogPath, trainLogFile, trainLogPath } from '../../domain/models/train-log.ts'
import type { Services } from '../../domain/services.ts'
import type { ExtraRoutes } from '../http/extra-routes.ts'
import { headerReader } from '../http/http-call.ts'
import { demandScopes } from '../pipeline/scopes.ts'
import { askedBy } from './credential.ts'
import { filesBelow } from './files.ts'
import { sendFile } from './send.ts'

const GET_INPUT = methodInfo('GetInput')
const GET_VERSION = methodInfo('GetModelVersion')

/** What an address names. */
interface Named {
  readonly userId: string
  readonly appId: string
  /** The path as it is signed, however the request has spelt it. */
  readonly path: string
  /** The call that shows this address; who may make it may have the file. */
  readonly method: typeof GET_INPUT | typeof GET_VERSION
  /** Whether anybody may keep it whose app is public. */
  readonly mayBeKept: boolean
  /** The file in its app, for somebody who sees there what is at least this visible. */
  file(app: AppRef, minVisibility: number): Promise<FoundMediaFile>
}

/**
 * Hosted media and logs of trainings: who may see an input may have its files, who may see a version its log, with a
 * key, a session, a cookie of it, or a signed link.
 */
export const mediaRoutes = (services: Services): ExtraRoutes => filesBelow(MEDIA_PATH, services, answer)

async function answer(services: Services, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://media')
  const named = namedBy(services, url.pathname)
  if (!named) throw noSuchMedium()
  const isLink = isSigned(services, named.path, url.searchParams)
  const principal = isLink ? undefined : await askedBy(services, headerReader(req), services.clock.now())
  if (!isLink && !principal) throw noSuchMedium()
  const { user, app } = await mediaApp(services, named)
  let minVisibility = 0
  if (principal) {
    const target = await standing({ services, principal }, user, app)
    if (!target) throw noSuchMedium()
    demandScopes({ method: named.method }, target.scopes)
    minVisibility = visibleFrom(target)
  }
  const isPublic = !isLink && user.visibility >= Visible.PUBLIC && app.visibility >= Visible.PUBLIC
  await sendFile(services, req, res, await named.file(app, minVisibility), isPublic && named.mayBeKept)
}

function namedBy(services: Services, path: string): Named | undefined {
  const medium = readPath(path)
  if (medium) {
    const { place, size } = medium
    const file = (app: AppRef) => mediaFile(services, app, place, size)
    return { ...place, path: pathOf(place, size), method: GET_INPUT, mayBeKept: true, file }
  }
  const log = readTrainLogPath(path)
  if (!log) return undefined
  const file = (app: AppRef, minVisibility: number) => trainLogFile(services, app, log.id, minVisibility)
  return { ...log, path: trainLogPath(log), method: GET_VERSION, mayBeKept: false, file }
}

/** Whether the address is a signed link; one that is no good, or no longer, is refused. */
function isSigned(services: Services, path: string, query: URLSearchParams): boolean {
  const signature = query.get('signature')
  if (signature === null) return false
  const expires = query.get('expires') ?? ''
  if (services.mediaLinks.isGood(path, expires, signature, services.clock.now())) return true
  throw new AppError(StatusCode.CONN_KEY_INVALID, 'The link has expired or is not one of this server; get a new one.')
}
