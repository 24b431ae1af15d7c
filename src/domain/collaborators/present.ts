import { create } from '@bufbuild/protobuf'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  AppSchema,
  type Collaboration,
  CollaborationSchema,
  type Collaborator,
  CollaboratorSchema,
} from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Reader } from '../../store/database.ts'
import { apps as appRows, users } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { AppRef, UserRef } from '../access/principal.ts'
import { apps } from '../apps/resource.ts'
import type { Call } from '../call.ts'
import { present } from '../resource/verbs.ts'
import { colleague } from '../users/present.ts'

type Invitation = Row<'collaborators'>

/** Collaborators of one app as messages, in the same order. */
export async function presentCollaborators(
  db: Reader,
  app: AppRef & { readonly user: UserRef },
  rows: readonly Invitation[],
): Promise<Collaborator[]> {
  const invited = await users.getManyByPk(
    db,
    rows.map((row) => row.user_pk),
  )
  return rows.map((row) => {
    const message = decodeDoc(CollaboratorSchema, row.doc)
    const user = invited.get(row.user_pk)
    message.id = row.id
    message.app = create(AppSchema, { id: app.id, userId: app.user.id })
    message.user = user && colleague(user)
    message.createdAt = toTimestamp(row.created_at)
    message.modifiedAt = toTimestamp(row.modified_at)
    if (row.deleted_at !== null) message.deletedAt = toTimestamp(row.deleted_at)
    return message
  })
}

/** Invitations as the invited user sees them, each with its app and the app's owner, in the same order. */
export async function presentCollaborations(call: Call, rows: readonly Invitation[]): Promise<Collaboration[]> {
  const { read } = call.services.db
  const found = await appRows.getManyByPk(
    read,
    rows.map((row) => row.app_pk),
  )
  const shared = [...found.values()]
  const messages = await present(apps, call, shared)
  const owners = await users.getManyByPk(
    read,
    shared.map((app) => app.user_pk),
  )
  const byPk = new Map(shared.map((app, i) => [app.pk, { message: messages[i]!, owner: owners.get(app.user_pk) }]))
  // An app may have gone between two reads; its invitation has gone with it.
  return rows.flatMap((row) => {
    const app = byPk.get(row.app_pk)
    if (!app?.owner) return []
    const { scopes, endpoints } = decodeDoc(CollaboratorSchema, row.doc)
    return create(CollaborationSchema, {
      app: app.message,
      appOwner: colleague(app.owner),
      scopes,
      endpoints,
      createdAt: toTimestamp(row.created_at),
    })
  })
}
