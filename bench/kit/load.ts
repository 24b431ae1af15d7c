import { Child } from './child.ts'

/** What a load process is to send: the same requests again and again, over so many connections at once. */
export interface Load {
  readonly protocol: 'http' | 'grpc'
  readonly port: number
  readonly connections: number
  /** Calls under way on each connection (gRPC only; HTTP/1.1 has one). */
  readonly streams: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Bodies in base64, which each connection sends in turn. */
  readonly bodies: readonly string[]
  readonly milliseconds: number
  /**
   * Keeps the load process busy between answers: a sleeping client has to be woken up by nearly every one, which costs
   * the server more the slower it is. Only for servers that leave it a core of its own.
   */
  readonly awake?: boolean
}

/** What came of it. */
export interface LoadAnswer {
  readonly calls: number
  readonly milliseconds: number
  /** Time from sending to the whole answer, in milliseconds, for each call in the order of their ends. */
  readonly latencies: readonly number[]
  /** The body of the first answer and of the last one, in base64. */
  readonly firstSample: string
  readonly sample: string
}

/** A process that makes load, so that clients and servers do not share an event loop. */
export class LoadProcess {
  readonly #child = new Child('servers/load.ts')

  /** Sends load; rejects when an answer is not a success (HTTP 200, gRPC status 0). */
  async run(load: Load): Promise<LoadAnswer> {
    const answer = await this.#child.ask<LoadAnswer | { error: string }>(load)
    if ('error' in answer) throw new Error(`load on ${load.path}: ${answer.error}`)
    return answer
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}
