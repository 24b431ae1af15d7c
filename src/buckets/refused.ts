import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { SHOWN_CHARS_MAX } from './limits.ts'

/** A service did not do what was asked. */
export class ServiceRefused extends AppError {
  /** HTTP status of its answer. */
  readonly status: number

  constructor(what: string, status: number, body: string) {
    const [, said = ''] = /<Message>([^<]*)<\/Message>|"message":\s*"([^"]*)"/.exec(body)?.filter(Boolean) ?? []
    const words = said === '' ? '' : ` (${said.replace(/\s+/g, ' ').slice(0, SHOWN_CHARS_MAX)})`
    super(StatusCode.INPUT_FAILED, `${what} was refused with HTTP ${status}${words}; check address and credentials.`)
    this.name = 'ServiceRefused'
    this.status = status
  }
}
