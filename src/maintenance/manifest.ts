import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** What a backup folder contains: the database copy, and the blobs with their hash as name. */
export interface Manifest {
  format: 1
  createdAt: string
  database: { sha256: string; size: number }
  blobs: { sha256: string; size: number }[]
  /** The keys that secrets in the database are sealed with, where the data folder has them. */
  secretKey?: { sha256: string; size: number }
}

export const MANIFEST_FILE = 'manifest.json'
export const DATABASE_COPY = 'limpid.db'
export const BLOBS_COPY = 'blobs'

/** Largest manifest that is read, in bytes. */
const MANIFEST_BYTES_MAX = 2 * 1024 ** 3 - 1

/** Reads and checks a manifest; throws a sentence when the folder is not a complete backup. */
export async function readManifest(file: string): Promise<Manifest> {
  const manifest = parse(await readManifestText(file))
  if (!isManifest(manifest)) throw refused(`${file} is not a backup manifest that this program knows`)
  return manifest
}

async function readManifestText(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r')
    const { size } = await handle.stat().finally(() => handle.close())
    if (size > MANIFEST_BYTES_MAX) throw refused(`${file} is too large to be a backup manifest`)
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw refused(`The folder has no ${MANIFEST_FILE}: it is not a complete backup`, cause)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const HASH = /^[0-9a-f]{64}$/

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false
  const { format, database, blobs, secretKey } = value as Record<string, unknown>
  const isKeyFine = secretKey === undefined || isEntry(secretKey)
  return format === 1 && isEntry(database) && Array.isArray(blobs) && blobs.every(isEntry) && isKeyFine
}

function isEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { sha256, size } = value as Record<string, unknown>
  return typeof sha256 === 'string' && HASH.test(sha256) && Number.isSafeInteger(size)
}

/** SHA-256 (hexadecimal) and size in bytes of a file. */
export async function hashFile(file: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  await pipeline(createReadStream(file), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      size += chunk.length
      hash.update(chunk)
    }
  })
  return { sha256: hash.digest('hex'), size }
}

/** An error for the operator who runs a backup or a restore. */
export function refused(sentence: string, cause?: unknown): AppError {
  return new AppError(StatusCode.CONN_INVALID_REQUEST, sentence, { cause })
}
