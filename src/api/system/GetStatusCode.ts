import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { UnaryHandler } from '../define/rpc.ts'

const NUMBER = /^\d{1,6}$/

/** The code asked for is the answer's own status; the envelope adds its description. */
export const getStatusCodeRpc = {
  GetStatusCode: (({ statusCodeId }) => {
    const code = NUMBER.test(statusCodeId) ? Number(statusCodeId) : 0
    if (code === 0 || StatusCode[code] === undefined) {
      throw new AppError(
        StatusCode.CONN_DOES_NOT_EXIST,
        `There is no status code '${statusCodeId}'; GET /v2/status_codes lists the numbers.`,
      )
    }
    return { status: { code } }
  }) satisfies UnaryHandler<'GetStatusCode'>,
}
