import { setTimeout as pause } from 'node:timers/promises'
import { ATTEMPTS_MAX, BACKOFF_MS } from './limits.ts'

/** A running server, an app there, and the token to use. */
export interface ImportTarget {
  readonly url: string
  readonly key: string
  readonly user: string
  readonly app: string
  /** Dataset that everything goes into; made when it is not there. */
  readonly dataset?: string | undefined
}

/** A status of the API as its JSON has it. */
export interface ApiStatus {
  readonly code: number
  readonly description?: string
  readonly details?: string
}

/** An answer of the API. */
export interface ApiAnswer {
  readonly status: ApiStatus
}

/** Codes of the contract that an import tells apart. */
export const CODE = {
  SUCCESS: 10000,
  MIXED: 10010,
  FAILURE: 10020,
  THROTTLED: 11005,
  DOES_NOT_EXIST: 11101,
  DUPLICATE: 40010,
} as const

/** What an API status says, in one sentence. */
export const wordsOf = ({ code, description = '', details = '' }: ApiStatus): string =>
  `${details || description} (${code})`

/** Calls of one app over HTTP; those that fail for a passing reason are tried again. */
export class ImportApi {
  readonly target: ImportTarget

  constructor(target: ImportTarget) {
    this.target = target
  }

  /** Sends a request below the app's path and answers its JSON, whatever its status; throws when no server answers. */
  async call<A extends ApiAnswer>(method: 'GET' | 'POST', path: string, body?: object): Promise<A> {
    const { url, user, app } = this.target
    const address = `${url}/v2/users/${encodeURIComponent(user)}/apps/${encodeURIComponent(app)}${path}`
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#once<A>(method, address, body).catch((error: Error) => error)
      const isPassing = answer instanceof Error || answer.status.code === CODE.THROTTLED
      if (!isPassing) return answer
      if (attempt === ATTEMPTS_MAX) {
        if (!(answer instanceof Error)) return answer
        throw new Error(`The server at ${url} does not answer (${answer.message}); run the same import again to go on.`)
      }
      await pause(BACKOFF_MS * 2 ** (attempt - 1))
    }
  }

  async #once<A extends ApiAnswer>(method: string, address: string, body: object | undefined): Promise<A> {
    const response = await fetch(address, {
      method,
      headers: { authorization: `Key ${this.target.key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (response.status === 502 || response.status === 503 || response.status === 504) {
      throw new Error(`HTTP status ${response.status}`)
    }
    return (await response.json()) as A
  }

  /** The bytes at an address of this server, with the key. */
  async download(url: string): Promise<Uint8Array> {
    const response = await fetch(url, { headers: { authorization: `Key ${this.target.key}` } })
    if (!response.ok) throw new Error(`${url} answers with the HTTP status ${response.status}.`)
    return new Uint8Array(await response.arrayBuffer())
  }

  /** Whether an address is one of this server, which wants the key. */
  isOwn(url: string): boolean {
    return URL.canParse(url) && new URL(url).origin === new URL(this.target.url).origin
  }
}
