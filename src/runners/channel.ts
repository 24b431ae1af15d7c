/** How much may lie in a channel before whoever puts has to wait. */
export interface ChannelLimits<T> {
  readonly most?: number
  readonly bytesMost?: number
  /** About how many bytes a value holds; asked where there is a limit of bytes. */
  bytesOf?(value: T): number
}

/** Values that one side puts in and one other takes out, in order; whoever puts waits while too many lie there. */
export class Channel<T> {
  readonly #limits: ChannelLimits<T>
  readonly #values: { readonly value: T; readonly bytes: number }[] = []
  #bytes = 0
  #wake = Promise.withResolvers<void>()
  #room = Promise.withResolvers<void>()
  #end: { readonly error?: unknown } | undefined

  constructor(limits: ChannelLimits<T> = {}) {
    this.#limits = limits
  }

  /** Adds a value; resolves once there is room for the next. After the end it is let go. */
  async push(value: T): Promise<void> {
    if (this.#end) return
    const bytes = this.#limits.bytesOf?.(value) ?? 0
    this.#values.push({ value, bytes })
    this.#bytes += bytes
    this.#wake.resolve()
    while (this.isFull && !this.#end) await this.#room.promise
  }

  /** Whether whoever puts something would have to wait. */
  get isFull(): boolean {
    const { most = Number.POSITIVE_INFINITY, bytesMost = Number.POSITIVE_INFINITY } = this.#limits
    return this.#values.length >= most || this.#bytes >= bytesMost
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
        const { value, bytes } = this.#values.shift()!
        this.#bytes -= bytes
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
