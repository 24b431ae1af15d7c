import type { Soon } from '../../base/soon.ts'
import { AppSchema, CollaboratorSchema, KeySchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Database } from '../../store/database.ts'
import { findCredential, findInvitation } from '../../store/repos/directory.ts'
import { apps, users } from '../../store/repos/families.ts'
import { findRedirect } from '../../store/repos/redirects.ts'
import { Memo } from './memo.ts'
import type { AppRef, CredentialKind, Principal, UserRef } from './principal.ts'
import { ALL_SCOPES, readScopes, type ScopeSet } from './scopes.ts'
import { hashSecret, secretMatches } from './secrets.ts'

/** A credential that exists; whether it has expired is for the caller to decide by the call's own time. */
export interface FoundCredential {
  readonly principal: Principal
  readonly expiresAt: number | undefined
}

/**
 * Look-ups that every call needs (credential, user, app, invitation), remembered in memory.
 *
 * Whoever changes a row of those families calls `invalidate` after the commit. Another server on the same database
 * does not hear of that, so an entry is also forgotten after a few seconds.
 */
export class Directory {
  readonly #db: Database
  readonly #credentials = new Memo<string, FoundCredential>()
  readonly #users = new Memo<string, UserRef>()
  readonly #apps = new Memo<string, AppRef>()
  readonly #invitations = new Memo<string, ScopeSet>()

  constructor(db: Database) {
    this.#db = db
  }

  /** Forgets everything; the next look-ups read the database. */
  invalidate(): void {
    for (const memo of [this.#credentials, this.#users, this.#apps, this.#invitations]) memo.clear()
  }

  /** The credential with this secret, or undefined. */
  credential(secret: string): Soon<FoundCredential | undefined> {
    // By the secret itself, which the call holds in memory anyway: hashing it takes longer than all the other look-ups.
    return this.#credentials.get(secret, async () => {
      const hash = hashSecret(secret)
      const row = await findCredential(this.#db.read, hash)
      if (!row || !secretMatches(secret, row.secret_hash)) return undefined
      const user = await this.user(row.user_id)
      const app = row.app_id === null ? undefined : await this.app(row.user_pk, row.app_id)
      if (!user || (row.app_pk !== null && !app)) return undefined
      const kind = row.kind as CredentialKind
      const key = decodeDoc(KeySchema, row.doc)
      const scopes = kind === 'session' ? ALL_SCOPES : readScopes(key.scopes, key.endpoints)
      return { principal: { kind, user, app, credentialPk: row.pk, scopes }, expiresAt: row.expires_at ?? undefined }
    })
  }

  /** The user with this id, or undefined. */
  user(id: string): Soon<UserRef | undefined> {
    return this.#users.get(id, () => users.get(this.#db.read, 0, id))
  }

  /** The app of a user with this id, or undefined. */
  app(userPk: number, id: string): Soon<AppRef | undefined> {
    return this.#apps.get(`${userPk}/${id}`, async () => {
      const row = await apps.get(this.#db.read, userPk, id)
      if (!row) return undefined
      const { defaultLanguage, sampleMs } = decodeDoc(AppSchema, row.doc)
      return {
        pk: row.pk,
        id: row.id,
        userPk: row.user_pk,
        visibility: row.visibility,
        defaultLanguage: defaultLanguage || 'en',
        sampleMs,
      }
    })
  }

  /** What a user may do in somebody else's app by invitation, or undefined without one. */
  collaboration(appPk: number, userPk: number): Soon<ScopeSet | undefined> {
    return this.#invitations.get(`${appPk}/${userPk}`, async () => {
      const doc = await findInvitation(this.#db.read, appPk, userPk)
      if (doc === undefined) return undefined
      const { scopes, endpoints } = decodeDoc(CollaboratorSchema, doc)
      return readScopes(scopes, endpoints)
    })
  }

  /** The id that an app has now, when it had `oldId` before a rename. */
  async appRedirect(userPk: number, oldId: string): Promise<string | undefined> {
    const pk = await findRedirect(this.#db.read, 'app', userPk, oldId)
    const row = pk === undefined ? undefined : await apps.getByPk(this.#db.read, pk)
    return row?.id
  }
}
