import type { Readable } from 'node:stream'
import type { Archive } from './archive.ts'
import { openTar, type TarPacking } from './tar.ts'
import { openZip } from './zip.ts'

/** Kinds of archives that can be unpacked. */
export type ArchiveKind = 'zip' | 'tar' | 'tar.gz' | 'tar.zst'

/** These kinds in words, for messages to the caller. */
export const ARCHIVES_IN_WORDS = 'zip, tar, tar.gz or tar.zst'

const BY_NAME: readonly (readonly [RegExp, ArchiveKind])[] = [
  [/\.zip$/i, 'zip'],
  [/\.tar$/i, 'tar'],
  [/\.(tar\.gz|tgz)$/i, 'tar.gz'],
  [/\.(tar\.zst|tzst)$/i, 'tar.zst'],
]
const PACKING: Readonly<Record<Exclude<ArchiveKind, 'zip'>, TarPacking>> = {
  tar: 'plain',
  'tar.gz': 'gzip',
  'tar.zst': 'zstd',
}

/** The kind of archive that a file is by its name, or undefined. */
export const archiveByName = (name: string): ArchiveKind | undefined =>
  BY_NAME.find(([pattern]) => pattern.test(name))?.[1]

/** The kind of archive that a file is by its first bytes, or undefined. Tar files of old have no sign of their own. */
export function archiveByHead(head: Uint8Array, name: string): ArchiveKind | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length)
  const starts = (sign: string): boolean => bytes.toString('hex', 0, sign.length / 2) === sign
  if (starts('504b0304') || starts('504b0506') || starts('504b0708')) return 'zip'
  if (starts('1f8b')) return 'tar.gz'
  if (starts('28b52ffd')) return 'tar.zst'
  if (bytes.toString('latin1', 257, 262) === 'ustar') return 'tar'
  return archiveByName(name) === 'tar' ? 'tar' : undefined
}

/** A file that lies on the disk and can be streamed. */
export interface ArchiveSource {
  /** Bytes. */
  readonly size: number
  path(): Promise<string>
  stream(): Promise<Readable>
}

/** Opens an archive; throws ArchiveBroken when it is damaged or of another kind. */
export async function openArchive(kind: ArchiveKind, source: ArchiveSource): Promise<Archive> {
  if (kind === 'zip') return openZip(await source.path(), source.size)
  return openTar(() => source.stream(), source.size, PACKING[kind])
}
