import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Services } from '../../domain/services.ts'
import { logIn } from '../../domain/users/login.ts'
import type { ExtraHandler } from '../http/extra-routes.ts'
import { jsonRoute } from './json-route.ts'

/** Routes that clients use although no contract names them: logging in and asking how one may. */
export function sessionRoutes(services: Services): [string, ExtraHandler][] {
  const login = jsonRoute('POST', async ({ email, password }) => {
    if (typeof email !== 'string' || typeof password !== 'string') {
      throw new AppError(StatusCode.CONN_INVALID_REQUEST, 'Send email and password as texts.')
    }
    const session = await logIn(services, email, password)
    return { v2_user_id: session.userId, session_token: session.token }
  })
  const methods = jsonRoute('GET', () => ({ auth_methods: [{ id: 'password', name: 'Password' }] }))
  return [
    ['/v2/login', login],
    ['/v2/auth/methods', methods],
  ]
}
