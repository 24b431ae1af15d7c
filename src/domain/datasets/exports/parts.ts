import type { ZipMark } from './zip.ts'
import type { Header } from './zip-headers.ts'

/** Where a part of an archive ends. */
export interface PartEnd<Cursor> {
  /** The mark behind the part; undefined when the archive is at its end. */
  readonly mark: ZipMark<Cursor> | undefined
  /** Files that have ended in the part. */
  readonly files: readonly Header[]
}

/** Takes an archive apart: each part ends at the first mark at which `isEnough`. */
export class Parts<Cursor> {
  readonly #bytes: AsyncGenerator<Uint8Array | ZipMark<Cursor>>
  readonly #onMark: (mark: ZipMark<Cursor>) => Promise<void>
  readonly #isEnough: () => boolean

  constructor(
    bytes: AsyncGenerator<Uint8Array | ZipMark<Cursor>>,
    onMark: (mark: ZipMark<Cursor>) => Promise<void>,
    isEnough: () => boolean,
  ) {
    this.#bytes = bytes
    this.#onMark = onMark
    this.#isEnough = isEnough
  }

  /** Has the bytes of the next part written, and says where it ends. */
  async next<Written>(
    write: (bytes: AsyncIterable<Uint8Array>) => Promise<Written>,
  ): Promise<PartEnd<Cursor> & { readonly written: Written }> {
    const files: Header[] = []
    const end: { mark?: ZipMark<Cursor> } = {}
    const written = await write(this.#next(files, end))
    return { written, mark: end.mark, files }
  }

  async *#next(files: Header[], end: { mark?: ZipMark<Cursor> }): AsyncGenerator<Uint8Array> {
    // Not by `for await`, which would close the archive at the end of the part.
    for (;;) {
      const { value, done } = await this.#bytes.next()
      if (done) return
      if (value instanceof Uint8Array) {
        yield value
        continue
      }
      files.push(...value.files)
      await this.#onMark(value)
      if (!this.#isEnough()) continue
      end.mark = value
      return
    }
  }
}
