import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { methodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { standing } from '../../domain/access/standing.ts'
import { Visible } from '../../domain/access/target.ts'
import { MEDIA_PATH, pathOf, readPath } from '../../domain/media/address.ts'
import { mediaApp, mediaFile, noSuchMedium } from '../../domain/media/find.ts'
import type { Services } from '../../domain/services.ts'
import type { ExtraRoutes } from '../http/extra-routes.ts'
import { headerReader } from '../http/http-call.ts'
import { demandScopes } from '../pipeline/scopes.ts'
import { askedBy } from './credential.ts'
import { filesBelow } from './files.ts'
import { sendFile } from './send.ts'

const GET_INPUT = methodInfo('GetInput')

/** Hosted media: who may see an input may have its files, with a key, a session, a cookie of it, or a signed link. */
export const mediaRoutes = (services: Services): ExtraRoutes => filesBelow(MEDIA_PATH, services, answer)

async function answer(services: Services, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://media')
  const named = readPath(url.pathname)
  if (!named) throw noSuchMedium()
  const { place, size } = named
  const isLink = isSigned(services, pathOf(place, size), url.searchParams)
  const principal = isLink ? undefined : await askedBy(services, headerReader(req), services.clock.now())
  if (!isLink && !principal) throw noSuchMedium()
  const { user, app } = await mediaApp(services, place)
  if (principal) {
    const target = await standing({ services, principal }, user, app)
    if (!target) throw noSuchMedium()
    demandScopes({ method: GET_INPUT }, target.scopes)
  }
  const isPublic = !isLink && user.visibility >= Visible.PUBLIC && app.visibility >= Visible.PUBLIC
  await sendFile(services, req, res, await mediaFile(services, app, place, size), isPublic)
}

/** Whether the address is a signed link; one that is no good, or no longer, is refused. */
function isSigned(services: Services, path: string, query: URLSearchParams): boolean {
  const signature = query.get('signature')
  if (signature === null) return false
  const expires = query.get('expires') ?? ''
  if (services.mediaLinks.isGood(path, expires, signature, services.clock.now())) return true
  throw new AppError(StatusCode.CONN_KEY_INVALID, 'The link has expired or is not one of this server; get a new one.')
}
