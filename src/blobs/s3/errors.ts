import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** The service that keeps contents does not do its part; the cause is for the log. */
export function unreachable(what: string, cause?: unknown): AppError {
  const details = `The storage of contents does not work: ${what}; try again later.`
  return new AppError(StatusCode.RPC_SERVER_UNAVAILABLE, details, { cause })
}

/** The same for an answer that refuses something, with the service's own word for why. */
export async function refusalOf(answer: Response): Promise<AppError> {
  const text = await answer.text().catch(() => '')
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1]
  return unreachable(`it answers ${answer.status}${code ? ` ${code}` : ''}`)
}
