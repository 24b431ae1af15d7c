/** Lets deletes run side by side, except while somebody holds them off. */
export class DeleteGate {
  #held: Promise<void> | undefined
  readonly #running = new Set<Promise<unknown>>()

  /** Runs `task` once nobody holds deletes off. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    while (this.#held) await this.#held
    const running = task()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Resolves, when the running deletes are done, with the function that lets new ones in again. */
  async hold(): Promise<() => void> {
    while (this.#held) await this.#held
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = promise
    await Promise.allSettled(this.#running)
    return () => {
      this.#held = undefined
      resolve()
    }
  }
}
