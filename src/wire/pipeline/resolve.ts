import type { Message } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { after, type Soon } from '../../base/soon.ts'
import type { UserAppIDSet } from '../../contract/index.ts'
import { AuthType, type MethodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Moved } from '../../domain/access/moved.ts'
import type { AppRef, UserRef } from '../../domain/access/principal.ts'
import { NO_SCOPES } from '../../domain/access/scopes.ts'
import { standing } from '../../domain/access/standing.ts'
import type { Target } from '../../domain/access/target.ts'
import type { PipelineCall, Stage } from './context.ts'
import { demandScopes } from './scopes.ts'

const NOT_THERE = 'There is no such user or app, or it is not visible to this key.'

const missing = (): AppError => new AppError(StatusCode.CONN_DOES_NOT_EXIST, NOT_THERE)

// A call that only reads may be made by a stranger on something public; the contract's scopes do not tell (several
// PATCH calls ask for `Models_Get` alone), the verb in the RPC's name does. To count a view is no change either, nor is
// to copy an app into one's own, or to make a key of one's own for a module that is installed somewhere.
const READS =
  /^(Get|List|Stream|MyScopes)|(Searches|SearchesByID|Outputs|Results|ResultsSimilarity|TimeEstimate|Query|StatValuesAggregate|TrendingMetricsView|AppDuplications|InstalledModuleVersionsKey)$/
const WRITES = /^(Patch|Delete|Put|PostRunnerItemOutputs)/

/** Whether an RPC leaves everything in its app as it was. */
export const onlyReads = (name: string): boolean => READS.test(name) && !WRITES.test(name)

const USER_PART = '/users/{user_app_id.user_id}'

/** Whether a call that names no user is about what all users have (`/v2/models`), and not about the caller. */
export const coversEverybody = (method: MethodInfo): boolean =>
  method.level === 'root' ||
  (method.level === 'user' && onlyReads(method.name) && method.bindings.some(({ path }) => !path.includes(USER_PART)))

// Clients send the id of the app that they are about to make beside PostApps, and keep it in what else they ask of users.
const APP_PART = '/apps/{user_app_id.app_id}'
const isAboutUser = ({ level, bindings }: MethodInfo): boolean =>
  level === 'user' && !bindings.some(({ path }) => path.includes(APP_PART))

interface Placed {
  readonly userAppId?: UserAppIDSet
  /** Streams of parts name their place in the first message, one level deeper. */
  readonly uploadData?: { readonly value?: { readonly userAppId?: UserAppIDSet } }
}

/** The user and app that a request names. */
const placeIn = (request: Message & Placed): UserAppIDSet | undefined =>
  request.userAppId ?? request.uploadData?.value?.userAppId

function run(call: PipelineCall, request: Message): Soon<void> {
  if (call.method.auth === AuthType.NoAuth) return undefined
  const { userId = '', appId: named = '' } = placeIn(request) ?? {}
  const appId = isAboutUser(call.method) ? '' : named
  // Before any look-up, so that it says nothing about which users there are.
  if (call.method.level === 'app' && appId === '' && !call.principal.app) {
    throw new AppError(StatusCode.CONN_KEY_INVALID, 'Must provide app external ID in API authorizer')
  }
  return after(resolveUser(call, userId, appId), (user) =>
    after(user && resolveApp(call, user, appId), (app) =>
      after(targetOf(call, user, app), (target) => settle(call, target)),
    ),
  )
}

/** Notes the target, if the caller may do there what the call does. */
function settle(call: PipelineCall, target: Target): void {
  call.target = target
  if (call.target.scopes !== call.principal.scopes) demandScopes(call, call.target.scopes)
  // A call that names nobody's place has nothing of anybody's to change; its handler knows what it is about.
  if (call.target.user && call.target.rights === 'viewer' && !onlyReads(call.method.name)) {
    throw new AppError(
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      'Only the owner or a collaborator may change this; use a key of theirs.',
    )
  }
}

function resolveUser(call: PipelineCall, userId: string, appId: string): Soon<UserRef | undefined> {
  const { principal } = call
  if (userId === 'me' || userId === principal.user?.id) return principal.user
  if (userId === '') {
    // A key that is bound to an app stands for it; otherwise an app alone means one of the caller's own.
    const ownByDefault = principal.app !== undefined || appId !== '' || !coversEverybody(call.method)
    return ownByDefault ? principal.user : undefined
  }
  if (principal.app) throw missing()
  return after(call.services.directory.user(userId), (user) => {
    if (!user) throw missing()
    return user
  })
}

function resolveApp(call: PipelineCall, user: UserRef, appId: string): Soon<AppRef | undefined> {
  const { app: bound } = call.principal
  if (bound) {
    if (appId !== '' && appId !== bound.id) throw missing()
    return bound
  }
  if (appId === '') return undefined
  return after(call.services.directory.app(user.pk, appId), (app) => app ?? refuseOldName(call, user, appId))
}

/** Says where the app is that had this id before, if there is one. */
async function refuseOldName(call: PipelineCall, user: UserRef, appId: string): Promise<never> {
  const { directory } = call.services
  const renamed = await directory.appRedirect(user.pk, appId)
  const moved = renamed === undefined ? undefined : await directory.app(user.pk, renamed)
  if (!moved || !(await standing(call, user, moved))) throw missing()
  throw new Moved('app', appId, moved.id, `/v2/users/${user.id}/apps/${moved.id}`)
}

function targetOf(call: PipelineCall, user: UserRef | undefined, app: AppRef | undefined): Soon<Target> {
  if (!user) return { rights: 'viewer', scopes: call.principal.scopes }
  return after(standing(call, user, app), (target) => {
    if (!target) throw missing()
    return target
  })
}

/** The target before any stage has looked: nothing at all. */
export const NO_TARGET: Target = { rights: 'viewer', scopes: NO_SCOPES }

/** Finds the user and app that a call is about and the caller's rights there; absent and hidden look the same. */
export const resolve: Stage = { name: 'resolve', run }
