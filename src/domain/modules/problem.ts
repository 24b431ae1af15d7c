import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ADDRESS_CHARS_MAX } from './limits.ts'

/** Something about a module, one of its versions or an install that cannot be. */
export const invalidModule = (details: string): AppError => new AppError(StatusCode.MODULE_INVALID_ARGUMENT, details)

/** Refuses an address that is not one of the web; empty is none. */
export function checkAddress(field: string, address: string): void {
  if (address === '') return
  const url = address.length <= ADDRESS_CHARS_MAX && URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return
  throw invalidModule(`${field} is no http or https address of at most ${ADDRESS_CHARS_MAX} characters; change it.`)
}
