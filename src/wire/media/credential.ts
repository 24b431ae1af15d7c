import type { Micros } from '../../base/clock.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Services } from '../../domain/services.ts'
import { identify } from '../pipeline/authenticate.ts'

type Header = (name: string) => string | undefined

/** Cookies that may hold a credential, with the header in which it would otherwise come. */
const COOKIES: readonly (readonly [cookie: string, header: string, scheme: string])[] = [
  ['x_clarifai_session_token', 'x-clarifai-session-token', ''],
  ['x-clarifai-api-key', 'authorization', 'Key '],
]

/** Who asks for a hosted medium, by header or cookie; undefined for nobody. A credential that is no good is a 401. */
export async function askedBy(services: Services, header: Header, now: Micros): Promise<Principal | undefined> {
  const presented =
    header('authorization') || header('x-clarifai-session-token') ? header : cookieHeader(services, header)
  if (!presented) return undefined
  try {
    return await identify(services, presented, now)
  } catch (error) {
    if (!isAppError(error) || error.code !== StatusCode.CONN_INVALID_REQUEST) throw error
    throw new AppError(StatusCode.CONN_KEY_INVALID, error.details)
  }
}

/** The credential of a cookie as if it had come in its header; undefined without one that counts. */
function cookieHeader(services: Services, header: Header): Header | undefined {
  const cookies = header('cookie')
  if (cookies === undefined || isForeign(services, header)) return undefined
  for (const [cookie, name, scheme] of COOKIES) {
    const value = cookieOf(cookies, cookie)
    if (value) return (asked) => (asked === name ? scheme + value : undefined)
  }
  return undefined
}

/** Whether a page of another origin asks: the browser adds cookies by itself, so there they say nothing of its will. */
function isForeign({ origin: own }: Services, header: Header): boolean {
  const site = header('sec-fetch-site')
  if (site === 'cross-site') return true
  const origin = header('origin')
  if (origin === undefined || origin === own.url) return false
  const host = header(':authority') ?? header('host')
  return host === undefined || origin.replace(/^https?:\/\//, '') !== host
}

function cookieOf(cookies: string, name: string): string | undefined {
  for (const part of cookies.split(';')) {
    const equals = part.indexOf('=')
    if (equals > 0 && part.slice(0, equals).trim() === name)
      return part
        .slice(equals + 1)
        .trim()
        .replace(/^"|"$/g, '')
  }
  return undefined
}
