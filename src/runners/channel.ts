/** Values that one side puts in and one other takes out, in order; whoever puts waits while too many lie there. */
export class Channel<T> {
  readonly #most: number
  readonly #values: T[] = []
  #wake = Promise.withResolvers<void>()
  #room = Promise.withResolvers<void>()
  #end: { readonly error?: unknown } | undefined

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most
  }

  /** Adds a value; resolves once there is room for the next. After the end it is let go. */
  async push(value: T): Promise<void> {
    if (this.#end) return
    this.#values.push(value)
    this.#wake.resolve()
    while (this.#values.length >= this.#most && !this.#end) await this.#room.promise
  }

  /** Nothing comes any more; with an error, whoever takes gets that once the values are taken. */
  end(end: { readonly error?: unknown } = {}): void {
    if (this.#end) return
    this.#end = end
    this.#wake.resolve()
    this.#room.resolve()
  }

  /** The values as they come. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#values.length > 0) {
        const value = this.#values.shift()!
        this.#room.resolve()
        this.#room = Promise.withResolvers<void>()
        yield value
      }
      if (this.#end) {
        if ('error' in this.#end) throw this.#end.error
        return
      }
      await this.#wake.promise
      this.#wake = Promise.withResolvers<void>()
    }
  }
}
