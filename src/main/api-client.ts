import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** A server and the token to use there. */
export interface Access {
  readonly url: string
  readonly key: string
}

/** Sends one JSON request the way curl would, and answers its JSON. */
export async function request<T>(
  access: Access,
  path: string,
  body?: object,
  method: 'GET' | 'POST' | 'PATCH' = body ? 'POST' : 'GET',
): Promise<T> {
  const response = await fetch(access.url + path, {
    method,
    headers: { authorization: `Key ${access.key}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  }).catch((error: Error) => {
    throw new AppError(
      StatusCode.EXTERNAL_CONNECTION_ERROR,
      `No server answers at ${access.url} (${(error.cause as NodeJS.ErrnoException)?.code ?? error.message}).`,
    )
  })
  return (await response.json()) as T
}
