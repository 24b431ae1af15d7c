import { after, type Soon } from '../../base/soon.ts'
import type { Services } from '../services.ts'
import type { AppRef, Principal, UserRef } from './principal.ts'
import { intersect } from './scopes.ts'
import { type Target, Visible } from './target.ts'

/** Somebody who wants to see a thing, and where the look-ups for it are made. */
export interface Viewer {
  readonly services: Services
  readonly principal: Principal
}

/** How a principal stands to a user or an app of that user; undefined where it may not even know of them. */
export function standing(viewer: Viewer, user: UserRef, app: AppRef | undefined): Soon<Target | undefined> {
  const { principal, services } = viewer
  // A key that is bound to an app owns nothing beyond it.
  const bound = principal.app !== undefined && principal.app.pk !== app?.pk
  if (user.pk === principal.user?.pk && !bound) return { user, app, rights: 'owner', scopes: principal.scopes }
  const invited =
    app && principal.user && !bound ? services.directory.collaboration(app.pk, principal.user.pk) : undefined
  return after(invited, (invitation) => {
    if (invitation) return { user, app, rights: 'collaborator', scopes: intersect(invitation, principal.scopes) }
    const seen = user.visibility >= Visible.PUBLIC && (app === undefined || app.visibility >= Visible.PUBLIC)
    return seen ? { user, app, rights: 'viewer', scopes: principal.scopes } : undefined
  })
}

/**
 * The place that a reference to something elsewhere names (a model in a workflow node), with the principal's rights
 * there; undefined when it does not exist or is hidden. Without `userId` the app is one of the principal's own.
 */
export async function reach(viewer: Viewer, userId: string, appId: string): Promise<Target | undefined> {
  const { principal, services } = viewer
  const own = userId === '' || userId === 'me' || userId === principal.user?.id
  const user = own ? principal.user : await services.directory.user(userId)
  const app = user && (await services.directory.app(user.pk, appId))
  return app && standing(viewer, user, app)
}
