import { AppError } from '../../base/errors.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { uploads } from '../../store/repos/families.ts'
import { partsOfUpload, type UploadPart } from '../../store/repos/uploads.ts'
import type { Row } from '../../store/schema/tables.ts'
import { defineJob } from '../jobs/define.ts'
import type { Services } from '../services.ts'
import { abandonUpload, completeUpload } from './complete.ts'
import { ASSEMBLIES_AT_ONCE } from './limits.ts'

/** Whether all bytes of an upload are there, but in pieces. */
const isInPieces = ({ status_code, received, content_length }: Row<'uploads'>): boolean =>
  status_code === StatusCode.UPLOAD_IN_PROGRESS && received === content_length

/** Puts the parts of an upload together, as a stream from blobs into one. Parts change no more once all are there. */
export const assembleUploadJob = defineJob<{ readonly uploadPk: number }>({
  kind: 'assemble-upload',
  concurrency: ASSEMBLIES_AT_ONCE,
  async run({ args, services, signal, checkpoint }) {
    const { db, blobs } = services
    const row = await uploads.getByPk(db.read, args.uploadPk)
    if (!row || !isInPieces(row)) return
    const parts = await partsOfUpload(db.read, row.pk)
    const { hash, size } = await blobs.put(contentOf(blobs, parts, signal))
    if (size !== row.content_length) {
      throw new AppError(StatusCode.UPLOAD_UNEXPECTED_ERROR, `The parts have ${size} bytes together.`)
    }
    await checkpoint(async (tx) => {
      const found = await uploads.getByPk(tx, row.pk)
      // It may have been deleted meanwhile.
      if (found && isInPieces(found)) await completeUpload(services, tx, found, hash)
      return undefined
    })
  },
  async settled(tx, { args, status, error }, services) {
    if (status === 'succeeded') return
    const row = await uploads.getByPk(tx, args.uploadPk)
    if (!row || !isInPieces(row)) return
    const details = error?.details ?? 'The upload was cancelled.'
    await abandonUpload(services, tx, row, StatusCode.UPLOAD_FAILED, details)
  },
})

async function* contentOf(
  blobs: BlobStore,
  parts: readonly UploadPart[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const { hash, blob_start, blob_size, size } of parts) {
    signal.throwIfAborted()
    // Read whole it is checked on the way.
    const range = size === blob_size ? undefined : { start: blob_start, end: blob_start + size - 1 }
    yield* await blobs.read(hash, range)
  }
}

/** Has an upload put together whose last part is being stored; answers the job's id. */
export const enqueueAssembly = ({ jobs }: Services, tx: Writer, row: Row<'uploads'>): Promise<string> =>
  jobs.enqueue(tx, assembleUploadJob, { uploadPk: row.pk }, { appPk: row.app_pk, dedupeKey: String(row.pk) })
