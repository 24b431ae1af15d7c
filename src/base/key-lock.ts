/** Runs tasks for the same key one after another, and tasks for different keys side by side. */
export class KeyLock {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `task` after all earlier ones of the key. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.then(task, task)
    const settled = mine.catch(() => undefined)
    this.#last.set(key, settled)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key)
    }
  }
}
