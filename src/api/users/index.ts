import { StatusCode } from '../../contract/status-code.ts'
import { getUser } from '../../domain/users/get.ts'
import { validatePassword } from '../../domain/users/validate-password.ts'
import type { Registry } from '../define/rpc.ts'

/** Users; they are made by the operator, not by calls. */
export const userFamily: Pick<Registry, 'GetUser' | 'PostValidatePassword'> = {
  GetUser: async (request, call) => ({ user: await getUser(call, request.additionalFields) }),

  PostValidatePassword: async (request, call) => {
    const violations = await validatePassword(call, request.password?.plaintext ?? '')
    if (!Object.values(violations).includes(true)) return { status: { code: StatusCode.PASSWORD_VALIDATION_SUCCESS } }
    const details = 'The password breaks the rules that password_violations names; choose another.'
    return { status: { code: StatusCode.PASSWORD_VALIDATION_FAILED, details }, passwordViolations: violations }
  },
}
