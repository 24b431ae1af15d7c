import { open } from 'node:fs/promises'
import { ARCHIVE_HEAD_BYTES } from '../../archives/limits.ts'
import { ARCHIVES_IN_WORDS, type ArchiveKind, archiveByHead, openArchive } from '../../archives/open.ts'
import { ArchiveBroken } from '../../archives/problem.ts'
import { AppError } from '../../base/errors.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { ArchiveState, ExtractionState } from './state.ts'
import type { ExtractionContext, FileStore } from './store-files.ts'
import { type FoundFile, takeFiles } from './take-files.ts'

/** What kind of archive a stored file is, or undefined. */
async function archiveKindOf(
  { services }: ExtractionContext,
  { name, hash }: { readonly name: string; readonly hash: string },
): Promise<ArchiveKind | undefined> {
  const file = await open(await services.blobs.file(hash), 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(ARCHIVE_HEAD_BYTES), 0, ARCHIVE_HEAD_BYTES, 0)
    return archiveByHead(buffer.subarray(0, bytesRead), name)
  } finally {
    await file.close()
  }
}

/** Where the files of a stored one come to stand. */
interface Within {
  /** Goes before the paths of files in an archive. */
  readonly folder: string
  /** The state of the job beside the archive. */
  readonly rest: Omit<ExtractionState, 'archive'>
}

/**
 * Makes inputs of the files in a stored archive, from where the job is on, or one input where the file is a medium
 * itself. Throws ArchiveBroken where it cannot be read on; what was read before stays.
 */
export async function walkStored(
  ctx: ExtractionContext,
  store: FileStore,
  stored: ArchiveState,
  within: Within,
): Promise<void> {
  const kind = await archiveKindOf(ctx, stored)
  if (kind) return walkArchive(ctx, store, kind, stored, within)
  if (stored.files > 0) return
  const { blobs } = ctx.services
  const { name, hash, size } = stored
  async function* only(): AsyncGenerator<FoundFile> {
    yield { path: name.replaceAll('\\', '/').split('/').at(-1)!, size, read: () => contentOf(blobs, hash) }
  }
  for await (const { files } of takeFiles(blobs, only(), { sequential: true, signal: ctx.signal })) {
    const { refusal } = files[0]!
    if (refusal)
      throw new ArchiveBroken(`${refusal.details} It is no archive either; send a ${ARCHIVES_IN_WORDS} file.`)
    await store.store(files, { ...within.rest, archive: { ...stored, files: 1 } })
  }
}

async function* contentOf(blobs: BlobStore, hash: string): AsyncGenerator<Uint8Array> {
  yield* await blobs.read(hash)
}

async function walkArchive(
  ctx: ExtractionContext,
  store: FileStore,
  kind: ArchiveKind,
  { name, hash, size, files: done }: ArchiveState,
  { folder, rest }: Within,
): Promise<void> {
  const { blobs } = ctx.services
  const source = { size, path: () => blobs.file(hash), stream: () => blobs.read(hash) }
  await using archive = await openArchive(kind, source)
  async function* found(): AsyncGenerator<FoundFile> {
    for await (const file of archive.files(done)) {
      const refusal = file.refusal === undefined ? undefined : refused(file.refusal)
      const path = folder + file.name
      yield { path, size: file.size, read: () => file.read(), ...(refusal && { refusal }) }
    }
  }
  let files = done
  for await (const batch of takeFiles(blobs, found(), { sequential: archive.sequential, signal: ctx.signal })) {
    files += batch.count
    await store.store(batch.files, { ...rest, archive: { name, hash, size, files } })
  }
}

const refused = (details: string): AppError => new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, details)
