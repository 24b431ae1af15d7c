import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** Longest e-mail address, in characters; what mail servers accept at most. */
export const EMAIL_LENGTH_MAX = 254

const EMAIL = /^[^\s@]+@[^\s@]+$/

/** An address in the form that addresses are compared in: without outer blanks, in lower case. */
export const normalEmail = (email: string): string => email.trim().normalize('NFC').toLowerCase()

/** Whether a text can be an e-mail address at all. */
export const isEmail = (text: string): boolean => text.length <= EMAIL_LENGTH_MAX && EMAIL.test(text)

/** An address in comparable form; refuses what cannot be one. */
export function checkEmail(email: string): string {
  const normal = normalEmail(email)
  if (isEmail(normal)) return normal
  throw new AppError(
    StatusCode.CONN_INVALID_REQUEST,
    'The e-mail address is not usable; write it like name@example.org.',
  )
}
