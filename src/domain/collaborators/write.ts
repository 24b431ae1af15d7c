import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { type Collaborator, CollaboratorSchema, type User } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { DuplicateKey } from '../../store/errors.ts'
import { findCollaborators, markRemoved } from '../../store/repos/collaborators.ts'
import { collaborators, users as userRows } from '../../store/repos/families.ts'
import { findUserByEmail, findUserById } from '../../store/repos/users.ts'
import type { Row } from '../../store/schema/tables.ts'
import { checkGrant } from '../access/grants.ts'
import type { AppRef, UserRef } from '../access/principal.ts'
import type { Call } from '../call.ts'
import { applyPatch, readAction } from '../resource/patch.ts'
import { leaveTasks } from '../tasks/leave.ts'
import { normalEmail } from '../users/email.ts'

type SharedApp = AppRef & { readonly user: UserRef }

const refuse = (details: string): AppError => new AppError(StatusCode.CONN_INVALID_REQUEST, details)
const missing = (details: string): AppError => new AppError(StatusCode.CONN_DOES_NOT_EXIST, details)

/** Invites users to an app, all or none; each is named by id or e-mail address and gets scopes of the inviter. */
export async function invite(
  call: Call,
  app: SharedApp,
  wanted: readonly Collaborator[],
): Promise<Row<'collaborators'>[]> {
  const rows = await call.services.db.transact(async (tx) => {
    const added: Row<'collaborators'>[] = []
    for (const one of wanted) {
      const doc = encodeDoc(create(CollaboratorSchema, checkGrant(one, call.target.scopes)))
      const user = await namedUser(tx, one.user)
      if (user.pk === app.user.pk) throw refuse('The owner of the app needs no invitation; name another user.')
      const now = call.services.clock.now()
      const row = {
        app_pk: app.pk,
        user_pk: user.pk,
        id: newId(),
        doc,
        deleted_at: null,
        created_at: now,
        modified_at: now,
      }
      added.push(await insert(() => collaborators.insert(tx, row), user))
    }
    return added
  })
  call.services.directory.invalidate()
  return rows
}

/** Overwrites scopes and endpoints of collaborators by id, all or none. */
export async function patchInvitations(
  call: Call,
  app: SharedApp,
  patches: readonly Collaborator[],
  action: string,
): Promise<Row<'collaborators'>[]> {
  readAction(action, ['overwrite'])
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'collaborators'>[] = []
    for (const patch of patches) {
      const [row] = await findCollaborators(tx, app.pk, { ids: [patch.id], userPks: [] })
      if (!row) throw missing(`The app has no collaborator '${patch.id}'; GET its collaborators for their ids.`)
      const current = decodeDoc(CollaboratorSchema, row.doc)
      const result = applyPatch(CollaboratorSchema, current, patch, 'overwrite', ['scopes', 'endpoints'])
      const doc = encodeDoc(Object.assign(result, checkGrant(result, call.target.scopes)))
      changed.push(await collaborators.update(tx, row, { doc }, call.services.clock.now()))
    }
    return changed
  })
  call.services.directory.invalidate()
  return rows
}

/** Takes back invitations by collaborator id and by the users' e-mail addresses, all or none. */
export async function uninvite(
  call: Call,
  app: SharedApp,
  ids: readonly string[],
  emails: readonly string[],
): Promise<void> {
  await call.services.db.transact(async (tx) => {
    const users = new Map<number, string>()
    for (const email of emails) users.set((await userByEmail(tx, email)).pk, email)
    const rows = await findCollaborators(tx, app.pk, { ids, userPks: [...users.keys()] })
    const absent =
      ids.find((id) => !rows.some((row) => row.id === id)) ??
      [...users].find(([pk]) => !rows.some((row) => row.user_pk === pk))?.[1]
    if (absent !== undefined)
      throw missing(`The app has no collaborator '${absent}'; GET its collaborators for their ids.`)
    const gone = await userRows.getManyByPk(
      tx,
      rows.map((row) => row.user_pk),
    )
    await leaveTasks(
      tx,
      app.pk,
      [...gone.values()].map(({ id }) => id),
    )
    await markRemoved(
      tx,
      rows.map((row) => row.pk),
      call.services.clock.now(),
    )
  })
  call.services.directory.invalidate()
}

async function insert<R>(write: () => Promise<R>, user: Row<'users'>): Promise<R> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error
    throw new AppError(
      StatusCode.DATABASE_DUPLICATE_KEY,
      `The user '${user.id}' is a collaborator already and already exists in the list; patch the scopes instead.`,
    )
  }
}

async function namedUser(db: Reader, user: User | undefined): Promise<Row<'users'>> {
  const email = user?.userDetail?.primaryEmail || user?.primaryEmail
  if (user?.id) {
    const found = await findUserById(db, user.id)
    if (!found) throw missing(`There is no user '${user.id}' to invite.`)
    return found
  }
  if (email) return userByEmail(db, email)
  throw refuse('Name each collaborator by user.id or user.primary_email.')
}

async function userByEmail(db: Reader, email: string): Promise<Row<'users'>> {
  const found = await findUserByEmail(db, normalEmail(email))
  if (!found) throw missing('There is no user with this e-mail address.')
  return found
}
