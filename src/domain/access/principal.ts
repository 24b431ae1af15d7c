import { ALL_SCOPES, NO_SCOPES, type ScopeSet } from './scopes.ts'

/** What calls need to know of a user on every request. */
export interface UserRef {
  readonly pk: number
  readonly id: string
  readonly visibility: number
}

/** What calls need to know of an app on every request. */
export interface AppRef {
  readonly pk: number
  readonly id: string
  readonly userPk: number
  readonly visibility: number
  readonly defaultLanguage: string
  readonly sampleMs: number
}

export type CredentialKind = 'app_key' | 'pat' | 'session'

/** Who calls, as the credential says it. */
export interface Principal {
  readonly kind: CredentialKind | 'anonymous'
  readonly user?: UserRef
  /** The one app that an app key is bound to. */
  readonly app?: AppRef
  readonly credentialPk?: number
  readonly scopes: ScopeSet
}

/** A caller without any credential. */
export const ANONYMOUS: Principal = { kind: 'anonymous', scopes: NO_SCOPES }

/** The program itself, for work that no caller asked for (seeding, jobs). */
export function internalPrincipal(user: UserRef): Principal {
  return { kind: 'session', user, scopes: ALL_SCOPES }
}
