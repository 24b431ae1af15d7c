import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { AppRef, UserRef } from './principal.ts'
import type { ScopeSet } from './scopes.ts'

/** How the caller stands to what the call is about. */
export type Rights = 'owner' | 'collaborator' | 'viewer'

/** Visibility values of the contract. */
export const Visible = { PRIVATE: 10, ORG: 30, PUBLIC: 50 } as const

/** The user and app that a call is about, with the rights that the caller has there. */
export interface Target {
  readonly user?: UserRef
  readonly app?: AppRef
  readonly rights: Rights
  /** Scopes that count here: those of the key, for a collaborator cut down to those of the invitation. */
  readonly scopes: ScopeSet
}

/** Lowest visibility that the caller may see: owners and collaborators see everything, others what is public. */
export const visibleFrom = (target: Target): number => (target.rights === 'viewer' ? Visible.PUBLIC : 0)

/** The app of a call that cannot be made without one. */
export function requireApp(target: Target): AppRef & { readonly user: UserRef } {
  if (!target.app || !target.user) {
    throw new AppError(StatusCode.CONN_KEY_INVALID, 'Must provide app external ID in API authorizer')
  }
  return { ...target.app, user: target.user }
}

/** The user of a call that cannot be made without one. */
export function requireUser(target: Target): UserRef {
  if (!target.user)
    throw new AppError(StatusCode.CONN_INVALID_REQUEST, 'Name the user in user_app_id.user_id; "me" is yourself.')
  return target.user
}

/** The user of a call that only the owner may make, about himself or about his app. */
export function requireOwner(target: Target): UserRef {
  const user = requireUser(target)
  if (target.rights === 'owner') return user
  throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, 'Only the owner may do this; use a key of theirs.')
}

/** The app of a call that shows who works on it, which is nothing for strangers even where the app is public. */
export function requireTeam(target: Target): AppRef & { readonly user: UserRef } {
  const app = requireApp(target)
  if (target.rights !== 'viewer') return app
  throw new AppError(
    StatusCode.CONN_INSUFFICIENT_SCOPES,
    'Only the owner and the collaborators of the app may see this; use a key of theirs.',
  )
}
