/** Remembers what the first download of each file was, so that a later one cannot be something else unnoticed. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Expected } from './download.ts'

/** What is remembered of a file. */
export interface Remembered {
  readonly sha256: string
  readonly bytes: number
  readonly commit?: string
  /** When it first came, as ISO time. */
  readonly since: string
}

/** Remembered files by `repository@revision/path`. */
type Book = Record<string, Remembered>

const FILE = 'hub-first-use.json'

const fileKey = (repository: string, revision: string, path: string): string => `${repository}@${revision}/${path}`

/** The record of first downloads in one folder of models; it stays when the models are deleted. */
export class FirstUse {
  readonly #path: string

  constructor(dir: string) {
    this.#path = join(dir, FILE)
  }

  async #read(): Promise<Book> {
    try {
      return JSON.parse(await readFile(this.#path, 'utf8')) as Book
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
      throw error
    }
  }

  /** What a file was when it first came; undefined for one that never came. */
  async expected(repository: string, revision: string, path: string): Promise<Expected | undefined> {
    const found = (await this.#read())[fileKey(repository, revision, path)]
    return found && { sha256: found.sha256, bytes: found.bytes }
  }

  /** Remembers files that came for the first time; those that are known already stay as they are. */
  async remember(
    repository: string,
    revision: string,
    files: readonly (Omit<Remembered, 'since'> & { readonly path: string })[],
    now: Date,
  ): Promise<void> {
    const book = await this.#read()
    for (const { path, ...file } of files) {
      book[fileKey(repository, revision, path)] ??= { ...file, since: now.toISOString() }
    }
    await writeFile(`${this.#path}.new`, `${JSON.stringify(book, null, 2)}\n`, { flush: true })
    await rename(`${this.#path}.new`, this.#path)
  }
}
