import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { standing } from '../../domain/access/standing.ts'
import type { Services } from '../../domain/services.ts'
import { logIn } from '../../domain/users/login.ts'
import type { ExtraHandler, ExtraRoutes } from '../http/extra-routes.ts'
import { identify } from '../pipeline/authenticate.ts'
import { type Asked, type Json, jsonRoute } from './json-route.ts'

const ORGANIZATIONS = /^\/v2\/users\/([^/]+)\/organizations$/

/** Routes that clients use although no contract names them: logging in, asking how one may, asking for organizations. */
export function sessionRoutes(services: Services): ExtraRoutes {
  const exact = new Map<string, ExtraHandler>([
    ['/v2/login', jsonRoute('POST', (asked) => login(services, asked))],
    ['/v2/auth/methods', jsonRoute('GET', () => ({ auth_methods: [{ id: 'password', name: 'Password' }] }))],
    ['/v2/token', jsonRoute('POST', refuseClientCredentials)],
  ])
  return {
    get(path) {
      const user = ORGANIZATIONS.exec(path)?.[1]
      if (user === undefined) return exact.get(path)
      return jsonRoute('GET', (asked) => organizations(services, asked, user))
    },
  }
}

async function login(services: Services, asked: Asked): Promise<Json> {
  const { email, password } = await asked.body()
  if (typeof email !== 'string' || typeof password !== 'string') {
    throw new AppError(StatusCode.CONN_INVALID_REQUEST, 'Send email and password as texts.')
  }
  const session = await logIn(services, { name: email, password, address: asked.address })
  return { v2_user_id: session.userId, session_token: session.token }
}

/** There are no organizations here, so every user that the caller may see belongs to none. */
async function organizations(services: Services, asked: Asked, name: string): Promise<Json> {
  const principal = await identify(services, asked.header, services.clock.now())
  const user = name === 'me' ? principal.user : await services.directory.user(name)
  if (!user || !(await standing({ services, principal }, user, undefined))) {
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, 'There is no such user, or it is not visible to this key.')
  }
  return { organizations: [] }
}

function refuseClientCredentials(): never {
  throw new AppError(
    StatusCode.CONN_CREDENTIALS_INVALID,
    'There are no client ids and secrets here; use an API key, which POST /v2/users/me/keys makes.',
  )
}
