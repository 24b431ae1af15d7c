import { KeyLock } from '../../base/key-lock.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import type { Upload, UploadContentPart } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { uploads } from '../../store/repos/families.ts'
import { partsOfUpload, replaceParts, type UploadPart } from '../../store/repos/uploads.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { enqueueAssembly } from './assemble-job.ts'
import { completeUpload } from './complete.ts'
import { findUpload, getUpload } from './find.ts'
import { ASSEMBLY_WAIT_MS, PARALLEL_PARTS, UPLOAD_KEPT_MICROS, UPLOAD_PARTS_MAX } from './limits.ts'
import { applyOverlay, overlay } from './overlay.ts'
import { endedUpload, invalidUpload, uploadConflict } from './problem.ts'

// Parts of one upload that come at the same time are stored one after the other instead of again and again.
const locks = new KeyLock()

/**
 * Takes parts of an upload, in any order; a part takes the place of whatever was there of its range. With the last one
 * the content is put together, which the answer waits for. All parts of a call are stored, or none.
 */
export async function putParts(call: Call, id: string, given: readonly UploadContentPart[]): Promise<Upload> {
  const { db, clock } = call.services
  const row = await findUpload(call, db.read, id)
  checkParts(row, given)
  checkOpen(row, clock.now())
  if (row.received === row.content_length) return repeated(call, row, given)
  const parts = await keepParts(call, given)
  const assembly = await locks.run(String(row.pk), () => storeParts(call, id, parts))
  if (assembly === 'repeated') return repeated(call, row, given)
  if (assembly) await inTime(call, assembly)
  return getUpload(call, id)
}

function checkParts({ content_length: length }: Row<'uploads'>, parts: readonly UploadContentPart[]): void {
  if (parts.length === 0) throw invalidUpload('The request has no content_parts; send at least one.')
  if (parts.length > BATCH_ITEMS_MAX) {
    throw invalidUpload(`The request has ${parts.length} content_parts; send at most ${BATCH_ITEMS_MAX} at a time.`)
  }
  for (const { partNumber, rangeStart, data } of parts) {
    if (partNumber < 0n) throw uploadConflict(`A part has the number ${partNumber}; count them from 1.`)
    if (data.length === 0) throw uploadConflict(`Part ${partNumber} is empty.`)
    if (rangeStart + BigInt(data.length) > BigInt(length)) {
      throw uploadConflict(`Part ${partNumber} ends behind the ${length} bytes that were announced.`)
    }
  }
}

/** Refuses parts of an upload that has ended without its content. */
function checkOpen(row: Row<'uploads'>, now: number): void {
  const { id, status_code: code, status_details, expires_at } = row
  if (code === StatusCode.UPLOAD_IN_PROGRESS && expires_at <= now) throw endedUpload(id, StatusCode.UPLOAD_EXPIRED, '')
  if (code === StatusCode.UPLOAD_IN_PROGRESS || code === StatusCode.UPLOAD_DONE) return
  throw endedUpload(id, code, status_details)
}

/** Writes parts to the disk, several at a time, before any row names them. */
async function keepParts(call: Call, given: readonly UploadContentPart[]): Promise<UploadPart[]> {
  const kept: UploadPart[] = []
  const next = given.entries()
  const work = async (): Promise<void> => {
    for (const [at, { rangeStart, data }] of next) {
      const { hash, size } = await call.services.blobs.put(data)
      kept[at] = { start: Number(rangeStart), size, hash, blob_start: 0, blob_size: size }
    }
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL_PARTS, given.length) }, work))
  return kept
}

/** Stores parts; answers the id of the job that puts them together, or that the upload was whole by then. */
function storeParts(call: Call, id: string, parts: readonly UploadPart[]): Promise<string | 'repeated' | undefined> {
  const { services } = call
  return services.db.transact(async (tx) => {
    const now = services.clock.now()
    const row = await findUpload(call, tx, id)
    checkOpen(row, now)
    if (row.received === row.content_length) return 'repeated'
    const before = await partsOfUpload(tx, row.pk)
    let after: UploadPart[] = before
    for (const part of parts) after = applyOverlay(after, overlay(after, part))
    if (after.length > UPLOAD_PARTS_MAX) {
      throw uploadConflict(`The upload would lie in ${after.length} pieces; send larger parts.`)
    }
    const [gone, added] = [without(before, after), without(after, before)]
    await replaceParts(tx, row.pk, gone, added, now)
    const received = after.reduce((sum, { size }) => sum + size, 0)
    const read = await uploads.update(tx, row, { received, expires_at: now + UPLOAD_KEPT_MICROS }, now)
    if (received < row.content_length) return undefined
    const [only] = after
    if (after.length > 1 || only!.size !== only!.blob_size) return enqueueAssembly(services, tx, read)
    await completeUpload(services, tx, read, only!.hash)
    return undefined
  })
}

const without = (all: readonly UploadPart[], others: readonly UploadPart[]): UploadPart[] =>
  all.filter((part) => !others.includes(part))

/** Waits for the content to be put together, but not for ever: after a while the answer says that it is under way. */
async function inTime({ services, signal }: Call, jobId: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ASSEMBLY_WAIT_MS)
  const stop = (): void => resolve()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([services.jobs.ended(jobId), promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** A sender that did not hear of the last answer sends the part once more: that is well when it says the same. */
async function repeated(call: Call, row: Row<'uploads'>, given: readonly UploadContentPart[]): Promise<Upload> {
  const { db, blobs } = call.services
  const now = await findUpload(call, db.read, row.id)
  for (const { rangeStart, partNumber, data } of given) {
    const [first, last] = [Number(rangeStart), Number(rangeStart) + data.length - 1]
    const pieces =
      now.hash === null
        ? await partsOfUpload(db.read, row.pk)
        : [{ start: 0, size: row.content_length, hash: now.hash, blob_start: 0, blob_size: row.content_length }]
    for (const { start, size, hash, blob_start } of pieces) {
      const [from, to] = [Math.max(first, start), Math.min(last, start + size - 1)]
      if (from > to) continue
      let at = from - first
      for await (const chunk of await blobs.read(hash, {
        start: blob_start + from - start,
        end: blob_start + to - start,
      })) {
        if (!(chunk as Buffer).equals(data.subarray(at, at + chunk.length))) {
          throw uploadConflict(`The upload '${row.id}' is complete, and part ${partNumber} differs from what is there.`)
        }
        at += chunk.length
      }
    }
  }
  return getUpload(call, row.id)
}
