import { GrpcError, GrpcStatus } from './status.ts'

/** Counts the request bytes that all calls hold together, so that many big requests cannot exhaust the memory. */
export class ByteBudget {
  readonly limit: number
  #used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get used(): number {
    return this.#used
  }

  /** Takes bytes; throws GrpcError RESOURCE_EXHAUSTED, taking nothing, when they are not to be had. */
  take(bytes: number): void {
    if (this.#used + bytes > this.limit) {
      throw new GrpcError(
        GrpcStatus.RESOURCE_EXHAUSTED,
        'The server holds too many request bytes at once; send smaller requests or fewer of them in parallel',
      )
    }
    this.#used += bytes
  }

  /** Gives back bytes that were taken. */
  give(bytes: number): void {
    this.#used -= bytes
  }
}
