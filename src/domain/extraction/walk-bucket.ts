import { isJunk } from '../../archives/names.ts'
import { archiveByName } from '../../archives/open.ts'
import { ArchiveBroken, shown } from '../../archives/problem.ts'
import { type AppError, isAppError } from '../../base/errors.ts'
import type { Bucket } from '../../buckets/bucket.ts'
import { openBucket } from '../../buckets/open.ts'
import { isFinal, TryAgain } from '../../jobs/errors.ts'
import { changeExtraction, countExtraction, holdArchive } from '../../store/repos/extraction-jobs.ts'
import type { Row } from '../../store/schema/tables.ts'
import { unfitFile } from './keep-file.ts'
import {
  ARCHIVE_BYTES_MAX,
  ARCHIVE_FETCH_MS_MAX,
  FILE_BYTES_MAX,
  FILE_FETCH_MS_MAX,
  REASON_CHARS_MAX,
} from './limits.ts'
import { type ListedObject, Listing } from './listing.ts'
import { isPassing } from './passing.ts'
import { openSource, prefixOf } from './source.ts'
import type { ExtractionState } from './state.ts'
import type { ExtractionContext, FileStore } from './store-files.ts'
import { type FoundFile, takeFiles } from './take-files.ts'
import { walkStored } from './walk-archive.ts'

interface Walk {
  readonly ctx: ExtractionContext
  readonly row: Row<'inputs_extraction_jobs'>
  readonly store: FileStore
  readonly bucket: Bucket
  /** What stands before the paths of files: the folder of the prefix. */
  readonly folder: string
  /** Whether the address is that of one archive. */
  readonly single: boolean
}

type FoundObject = FoundFile & { readonly object: ListedObject }

/** Makes inputs of the files in a bucket, and of the files in archives there, from where the job is on. */
export async function walkBucket(
  ctx: ExtractionContext,
  row: Row<'inputs_extraction_jobs'>,
  store: FileStore,
): Promise<void> {
  const { services, signal } = ctx
  const { address, credentials } = openSource(services.vault, row.sealed)
  const bucket = await openBucket(services.fetcher, address, credentials)
  const prefix = prefixOf(address)
  // Whoever names an archive need not have the right to list what is beside it.
  const isWeb = address.provider === 'web'
  const single = isWeb || archiveByName(prefix) !== undefined
  const walk = { ctx, row, store, bucket, folder: prefix.slice(0, prefix.lastIndexOf('/') + 1), single }
  const listing =
    single && !isWeb
      ? Listing.of([{ key: prefix, size: undefined }], ctx.state?.listed)
      : new Listing((token) => passing(ctx, () => bucket.list(token, signal)), ctx.state?.listed)
  if (ctx.state?.archive) {
    await listing.peek()
    const object = await listing.next()
    if (object) await unpack(walk, object)
  }
  for (;;) {
    for await (const { files, last } of takeFiles(services.blobs, filesOf(walk, listing), {
      sequential: false,
      signal,
    })) {
      await store.store(files, { listed: last.object.place })
    }
    const archive = await listing.next()
    if (!archive) return
    await unpack(walk, archive)
  }
}

/** The files up to the next archive, which stays where it is. */
async function* filesOf(walk: Walk, listing: Listing): AsyncGenerator<FoundObject> {
  for (;;) {
    const object = await listing.peek()
    if (!object) return
    const path = object.key.slice(walk.folder.length)
    // What lies at an address of its own is an archive or one file, which its content tells.
    if (walk.single || archiveByName(path) !== undefined) return
    await listing.next()
    if (path.endsWith('/') || path === '' || isJunk(path)) continue
    yield { object, path, size: object.size ?? 0, read: () => read(walk, object) }
  }
}

async function* read({ ctx, bucket }: Walk, { key }: ListedObject): AsyncGenerator<Uint8Array> {
  const options = { maxBytes: FILE_BYTES_MAX, totalMs: FILE_FETCH_MS_MAX, signal: ctx.signal }
  try {
    yield* bucket.read(key, options)
  } catch (error) {
    ctx.signal.throwIfAborted()
    if (isPassing(error) && !ctx.lastAttempt) throw new TryAgain(error)
    throw isAppError(error) ? unfitFile(key, `could not be fetched: ${error.details}`.replace(/\.$/, '')) : error
  }
}

/** Fetches an archive and makes inputs of its files; one that cannot be read is counted and passed over. */
async function unpack(walk: Walk, object: ListedObject): Promise<void> {
  const { ctx, row, store, folder, single } = walk
  const { services } = ctx
  const name = object.key.slice(folder.length)
  const listed = ctx.state?.listed
  const rest: Omit<ExtractionState, 'archive'> = listed ? { listed } : {}
  let failure: AppError | undefined
  try {
    const archive = ctx.state?.archive ?? (await fetchArchive(walk, object, name, rest))
    const path = single ? '' : `${name.replace(/(\.tar)?\.[^./]*$/i, '')}/`
    await walkStored(ctx, store, archive, { folder: path, rest })
  } catch (error) {
    if (!(error instanceof ArchiveBroken)) throw error
    // What it was is the answer where there is nothing else.
    if (single) throw error
    failure = error
  }
  const running = ctx.state?.archive ? -1 : 0
  await ctx.checkpoint(async (tx) => {
    const now = services.clock.now()
    await holdArchive(tx, row.pk, null, now)
    const ended = { [failure ? 'archives_failed' : 'archives_done']: 1 }
    await countExtraction(tx, row.pk, { archives_running: running, ...ended }, now)
    if (failure) {
      const status_details = `The archive '${shown(name)}' failed: ${failure.details}`.slice(0, REASON_CHARS_MAX)
      await changeExtraction(tx, row.pk, { status_details }, now)
    }
    return { state: { listed: object.place }, done: ctx.done + 1 }
  })
}

async function fetchArchive(
  { ctx, row, bucket }: Walk,
  { key }: ListedObject,
  name: string,
  rest: Omit<ExtractionState, 'archive'>,
): Promise<NonNullable<ExtractionState['archive']>> {
  const { services, signal } = ctx
  const options = { maxBytes: ARCHIVE_BYTES_MAX, totalMs: ARCHIVE_FETCH_MS_MAX, signal }
  const blob = await passing(ctx, () => services.blobs.put(bucket.read(key, options))).catch((error: unknown) => {
    if (error instanceof TryAgain || !isAppError(error) || !isFinal(error)) throw error
    throw new ArchiveBroken(`It could not be fetched: ${error.details}`, error)
  })
  const archive = { name, ...blob, files: 0 }
  await ctx.checkpoint(async (tx) => {
    await holdArchive(tx, row.pk, blob, services.clock.now())
    await countExtraction(tx, row.pk, { archives_running: 1 }, services.clock.now())
    return { state: { ...rest, archive } }
  })
  return archive
}

/** Does what may fail for a while only, and has the job tried again then. */
async function passing<T>(ctx: ExtractionContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    ctx.signal.throwIfAborted()
    throw isPassing(error) && !ctx.lastAttempt ? new TryAgain(error) : error
  }
}
