/** Downloads package tarballs from the npm registry. */
import { open } from 'node:fs/promises'
import type { PackageRef } from './manifest-types.ts'
import { WeightProblem } from './problems.ts'

/** One tarball to download. */
export interface TarballRequest {
  package: PackageRef
  /** File to write; overwritten when it exists. */
  destination: string
  /** Folder for the registry client's own cache; the caller deletes it. */
  cacheDir: string
  signal: AbortSignal
  onBytes(doneBytes: number): void
}

/** Writes a tarball to its destination; rejects when that is not possible. The caller checks the integrity. */
export type TarballFetcher = (request: TarballRequest) => Promise<void>

/** Settings of the registry client that an installation may need, named as in .npmrc. */
export interface RegistryOptions {
  registry?: string
  proxy?: string
  httpsProxy?: string
  noProxy?: string
  ca?: string | string[]
  strictSSL?: boolean
  /** How often a failed request is repeated, with growing pauses in between. */
  fetchRetries?: number
  [scopedOrAuth: `@${string}:registry` | `//${string}`]: string
}

/** No tarball of the catalogue comes near this. */
export const MAX_TARBALL_BYTES = 512 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 60_000
const RETRIES = 2
const RETRY_FACTOR = 4
const RETRY_MIN_MS = 500
const RETRY_MAX_MS = 5_000

/** Fetches with npm's own registry client; package scripts never run because only the tarball is read. */
export function registryFetcher(registry: RegistryOptions = {}): TarballFetcher {
  return async ({ package: pkg, destination, cacheDir, signal, onBytes }) => {
    signal.throwIfAborted()
    const options = {
      timeout: REQUEST_TIMEOUT_MS,
      fetchRetries: RETRIES,
      fetchRetryFactor: RETRY_FACTOR,
      fetchRetryMintimeout: RETRY_MIN_MS,
      fetchRetryMaxtimeout: RETRY_MAX_MS,
      ...registry,
      cache: cacheDir,
      integrity: pkg.integrity,
      signal,
    }
    // Loaded for a download only: a server that has its weights should not hold a package manager.
    const { default: pacote } = await import('pacote')
    // The client calls back again when it retries after corrupted data, so each call starts the file afresh.
    await pacote.tarball.stream(
      `${pkg.name}@${pkg.version}`,
      (stream) => writeStream(listen(stream), destination, signal, onBytes),
      options,
    )
  }
}

/** What the registry client hands over; its iterator listens for errors only while it waits for data. */
interface Download extends AsyncIterable<Uint8Array> {
  on(event: 'error', listener: (error: unknown) => void): unknown
}

/**
 * The pieces of a download, listened to from now on: an error that comes while nobody waits for a piece would end the
 * process, so it is kept and thrown instead of the next piece.
 */
export function listen(stream: Download): AsyncGenerator<Uint8Array> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  stream.on('error', failed.reject)
  return piecesOf(stream, failed.promise)
}

async function* piecesOf(stream: Download, failed: Promise<never>): AsyncGenerator<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]()
  for (;;) {
    const { value, done } = await Promise.race([failed, iterator.next()])
    if (value !== undefined) yield value
    if (done) return
  }
}

async function writeStream(
  pieces: AsyncIterable<Uint8Array>,
  destination: string,
  signal: AbortSignal,
  onBytes: (doneBytes: number) => void,
): Promise<void> {
  const file = await open(destination, 'w')
  try {
    let done = 0
    for await (const chunk of pieces) {
      signal.throwIfAborted()
      done += chunk.length
      if (done > MAX_TARBALL_BYTES) throw new WeightProblem(`the download is larger than ${MAX_TARBALL_BYTES} bytes`)
      await file.writeFile(chunk)
      onBytes(done)
    }
  } finally {
    await file.close()
  }
}
