import type { IncomingMessage, ServerResponse } from 'node:http'
import { methodInfo } from '../../contract/methods.ts'
import { standing } from '../../domain/access/standing.ts'
import { mediaApp, noSuchMedium } from '../../domain/media/find.ts'
import type { Services } from '../../domain/services.ts'
import { readUploadPath, UPLOADS_PATH } from '../../domain/uploads/address.ts'
import { findUploadFile } from '../../domain/uploads/find.ts'
import type { ExtraRoutes } from '../http/extra-routes.ts'
import { headerReader } from '../http/http-call.ts'
import { demandScopes } from '../pipeline/scopes.ts'
import { askedBy } from './credential.ts'
import { filesBelow } from './files.ts'
import { sendFile } from './send.ts'

const GET_UPLOAD = methodInfo('GetUpload')

/** Uploaded contents, for the people who work on the app, with a key, a session or a cookie of theirs. */
export const uploadRoutes = (services: Services): ExtraRoutes => filesBelow(UPLOADS_PATH, services, answer)

async function answer(services: Services, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const place = readUploadPath(new URL(req.url ?? '/', 'http://uploads').pathname)
  const principal = place && (await askedBy(services, headerReader(req), services.clock.now()))
  if (!principal) throw noSuchMedium()
  const { user, app } = await mediaApp(services, place)
  const target = await standing({ services, principal }, user, app)
  if (!target || target.rights === 'viewer') throw noSuchMedium()
  demandScopes({ method: GET_UPLOAD }, target.scopes)
  const file = await findUploadFile(services, app.pk, place.id)
  if (!file) throw noSuchMedium()
  await sendFile(services, req, res, file, false)
}
