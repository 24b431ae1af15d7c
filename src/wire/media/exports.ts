import type { IncomingMessage, ServerResponse } from 'node:http'
import { methodInfo } from '../../contract/methods.ts'
import { standing } from '../../domain/access/standing.ts'
import { EXPORTS_PATH, readExportPath } from '../../domain/datasets/exports/address.ts'
import { findExport } from '../../domain/datasets/exports/find.ts'
import { mediaApp, noSuchMedium } from '../../domain/media/find.ts'
import { findModelExport } from '../../domain/models/exports/put.ts'
import type { Services } from '../../domain/services.ts'
import type { ExtraRoutes } from '../http/extra-routes.ts'
import { headerReader } from '../http/http-call.ts'
import { demandScopes } from '../pipeline/scopes.ts'
import { askedBy } from './credential.ts'
import { filesBelow } from './files.ts'
import { sendFile } from './send.ts'

const GET_VERSION = methodInfo('GetDatasetVersion')
const GET_MODEL = methodInfo('GetModelVersionExport')

/** Exported versions of datasets and models: who may see (and export) the version may have its files, with a key, a session or a cookie of it. */
export const exportRoutes = (services: Services): ExtraRoutes => filesBelow(EXPORTS_PATH, services, answer)

async function answer(services: Services, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const place = readExportPath(new URL(req.url ?? '/', 'http://exports').pathname)
  const principal = place && (await askedBy(services, headerReader(req), services.clock.now()))
  if (!principal) throw noSuchMedium()
  const { user, app } = await mediaApp(services, place)
  const target = await standing({ services, principal }, user, app)
  if (!target) throw noSuchMedium()
  const version = await findExport(services, target, app, place.id)
  const file = version ?? (await findModelExport(services, target, app, place.id))
  if (!file) throw noSuchMedium()
  demandScopes({ method: version ? GET_VERSION : GET_MODEL }, target.scopes)
  await sendFile(services, req, res, file, false)
}
