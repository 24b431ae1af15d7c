import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { requireApp, requireUser } from '../../domain/access/target.ts'
import { deleteApp } from '../../domain/apps/delete.ts'
import { getApp, listApps, searchApps } from '../../domain/apps/list.ts'
import { apps } from '../../domain/apps/resource.ts'
import { createApps, patchApps } from '../../domain/apps/write.ts'
import type { Call } from '../../domain/call.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { renameOne } from '../../domain/resource/rename.ts'
import { present } from '../../domain/resource/verbs.ts'
import { checkBatch, sortOf } from '../define/bind.ts'
import type { AnyMessage, Registry } from '../define/rpc.ts'

type Rpcs =
  | 'ListApps'
  | 'GetApp'
  | 'PostApps'
  | 'PatchApps'
  | 'PatchApp'
  | 'PatchAppsDetails'
  | 'PatchAppsIds'
  | 'PostAppsSearches'
  | 'DeleteApp'

/** Fields that may be changed by whoever may only describe an app. */
const DETAILS = ['notes', 'description', 'image']

// New apps belong to who makes them: a path with somebody else's name does not make them his.
function ownPlace(call: Call): { readonly pk: number } {
  const user = call.target.user ?? call.principal.user
  if (!user || user.pk !== call.principal.user?.pk) {
    throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, 'Apps can only be made for the user whose token is used.')
  }
  return user
}

/** Apps: each comes with a copy of its default workflow, so making and patching go beyond the standard verbs. */
export const appFamily: Pick<Registry, Rpcs> = {
  ListApps: async (request, call) => ({
    apps: await listApps(call, request, {
      ...sortOf(apps, request as unknown as AnyMessage),
      window: readPage(request),
    }),
  }),

  GetApp: async (request, call) => ({ app: await getApp(call, request.additionalFields) }),

  PostApps: async (request, call) => ({ apps: await createApps(call, ownPlace(call), checkBatch(apps, request.apps)) }),

  PatchApps: async (request, call) => ({
    apps: await patchApps(call, requireUser(call.target), checkBatch(apps, request.apps), request),
  }),

  PatchApp: async (request, call) => {
    const place = requireApp(call.target)
    if (!request.app)
      throw new AppError(StatusCode.CONN_INVALID_REQUEST, 'The request has no app; send the fields to change in it.')
    const [app] = await patchApps(call, place.user, [{ ...request.app, id: place.id }], request)
    return { app }
  },

  PatchAppsDetails: async (request, call) => {
    const place = requireApp(call.target)
    const patches = checkBatch(apps, request.apps).map((app) => ({
      ...app,
      id: app.id || place.id,
      defaultWorkflow: undefined,
      defaultWorkflowId: '',
    }))
    if (patches.some((patch) => patch.id !== place.id)) {
      throw new AppError(
        StatusCode.CONN_INVALID_REQUEST,
        `This path patches the app '${place.id}' alone; leave other apps out.`,
      )
    }
    return { apps: await patchApps(call, place.user, patches, { action: request.action, fields: DETAILS }) }
  },

  PatchAppsIds: async (request, call) => {
    const row = await renameOne(apps, call, requireUser(call.target), request.ids, request.action)
    return { apps: await present(apps, call, [row]) }
  },

  PostAppsSearches: async (request, call) => ({
    apps: await searchApps(call, request.appQuery?.name ?? '', readPage(request.pagination)),
  }),

  DeleteApp: async (_request, call) => {
    await deleteApp(call, requireApp(call.target))
    return {}
  },
}
