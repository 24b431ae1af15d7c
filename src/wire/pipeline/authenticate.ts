import type { Micros } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { isHexId } from '../../base/ids.ts'
import { after, type Soon } from '../../base/soon.ts'
import { AuthType } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { FoundCredential } from '../../domain/access/directory.ts'
import { ANONYMOUS, type Principal } from '../../domain/access/principal.ts'
import type { Services } from '../../domain/services.ts'
import type { IncomingCall } from '../call.ts'
import type { PipelineCall, Stage } from './context.ts'

const MALFORMED = 'Empty or malformed authorization header. Please provide an API key or session token.'
const CREDENTIAL_LENGTH_MAX = 512

// `Key` is case-sensitive in the original and clients test that; OAuth's `Bearer` is not.
const AUTHORIZATION = /^(?:Key|[Bb]earer) +(\S+)$/

/** The secret that a call presents, in whichever of its three forms; undefined without any. */
export function presentedSecret(header: IncomingCall['header']): string | undefined {
  const authorization = header('authorization')
  if (authorization !== undefined && authorization !== '') {
    const secret = authorization.length <= CREDENTIAL_LENGTH_MAX ? AUTHORIZATION.exec(authorization)?.[1] : undefined
    if (secret === undefined) throw new AppError(StatusCode.CONN_INVALID_REQUEST, MALFORMED)
    return secret
  }
  return header('x-clarifai-session-token') || undefined
}

/** Refuses a kind of credential that the contract does not accept for an RPC. */
export function checkKind(auth: AuthType, principal: Principal): void {
  const { kind } = principal
  if (auth === AuthType.PATAuth && kind === 'app_key') {
    throw new AppError(
      StatusCode.CONN_KEY_INVALID,
      'This call needs a personal access token; the key given is bound to an app.',
    )
  }
  if (auth === AuthType.SessionTokenAuth && kind !== 'session') {
    throw new AppError(StatusCode.CONN_KEY_INVALID, 'This call needs a session token; get one with POST /v2/login.')
  }
  if (auth === AuthType.AdminAuth || auth === AuthType.undef) {
    throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, 'This call is reserved for the operator of the service.')
  }
}

/** The principal behind a presented credential at time `at`; refuses none, unknown and expired ones. */
export function identify(services: Services, header: IncomingCall['header'], at: Micros): Soon<Principal> {
  const secret = presentedSecret(header)
  if (secret === undefined) throw new AppError(StatusCode.CONN_INVALID_REQUEST, MALFORMED)
  const found = secret.length <= CREDENTIAL_LENGTH_MAX ? services.directory.credential(secret) : undefined
  return after(found, (credential) => principalOf(credential, secret, at))
}

function principalOf(found: FoundCredential | undefined, secret: string, at: Micros): Principal {
  if (found === undefined) {
    // A token set by the operator may have any form, so the form counts only after the look-up.
    if (!isHexId(secret)) throw new AppError(StatusCode.CONN_KEY_INVALID, 'Invalid format of key.')
    throw new AppError(StatusCode.CONN_KEY_NOT_FOUND, 'invalid key')
  }
  if (found.expiresAt !== undefined && found.expiresAt <= at) {
    throw new AppError(StatusCode.CONN_KEY_INVALID, 'The key has expired; make a new one.')
  }
  return found.principal
}

/** The principal of a call made at time `at`; refuses credentials that are no good and kinds that the RPC excludes. */
export function checkCredential(services: Services, incoming: IncomingCall, at: Micros): Soon<Principal> {
  const { auth } = incoming.method
  if (auth === AuthType.NoAuth) return ANONYMOUS
  return after(identify(services, incoming.header, at), (principal) => {
    checkKind(auth, principal)
    return principal
  })
}

/** Turns the presented credential into a principal. */
export const authenticate: Stage = {
  name: 'authenticate',
  run(call: PipelineCall) {
    return after(checkCredential(call.services, call.incoming, call.startedAt), (principal) => {
      call.principal = principal
    })
  },
}
