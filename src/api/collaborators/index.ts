import { StatusCode } from '../../contract/status-code.ts'
import { requireApp, requireOwner, requireTeam } from '../../domain/access/target.ts'
import { presentCollaborations, presentCollaborators } from '../../domain/collaborators/present.ts'
import { invite, patchInvitations, uninvite } from '../../domain/collaborators/write.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { colleague } from '../../domain/users/present.ts'
import { listCollaborators, listInvitations } from '../../store/repos/collaborators.ts'
import { users } from '../../store/repos/families.ts'
import { checkBatch } from '../define/bind.ts'
import type { Call, Registry } from '../define/rpc.ts'

type Rpcs =
  | 'ListCollaborators'
  | 'PostCollaborators'
  | 'PatchCollaborators'
  | 'DeleteCollaborators'
  | 'ListCollaborations'

const batch = { kind: 'collaborator', codes: { invalid: StatusCode.CONN_INVALID_REQUEST } }

// Whoever works on an app by invitation may not invite, whatever scopes the invitation has.
function ownApp(call: Call) {
  requireOwner(call.target)
  return requireApp(call.target)
}

/** Sharing an app with other users. */
export const collaboratorFamily: Pick<Registry, Rpcs> = {
  ListCollaborators: async (request, call) => {
    const app = requireTeam(call.target)
    const { read } = call.services.db
    const page = { withRemoved: request.listAllCollaborators, ...readPage(request) }
    const rows = await listCollaborators(read, app.pk, page)
    const owner = await users.getByPk(read, app.user.pk)
    return { collaborators: await presentCollaborators(read, app, rows), appOwner: owner && colleague(owner) }
  },

  PostCollaborators: async (request, call) => {
    const app = ownApp(call)
    const rows = await invite(call, app, checkBatch(batch, request.collaborators))
    return { collaborators: await presentCollaborators(call.services.db.read, app, rows) }
  },

  PatchCollaborators: async (request, call) => {
    const app = ownApp(call)
    const rows = await patchInvitations(call, app, checkBatch(batch, request.collaborators), request.action)
    return { collaborators: await presentCollaborators(call.services.db.read, app, rows) }
  },

  DeleteCollaborators: async (request, call) => {
    const app = ownApp(call)
    checkBatch(batch, [...request.collaboratorIds, ...request.userEmails])
    await uninvite(call, app, request.collaboratorIds, request.userEmails)
    return {}
  },

  ListCollaborations: async (request, call) => {
    const user = requireOwner(call.target)
    const page = { templateOnly: request.templateOnly, ...readPage(request) }
    const rows = await listInvitations(call.services.db.read, user.pk, page)
    return { collaborations: await presentCollaborations(call, rows) }
  },
}
