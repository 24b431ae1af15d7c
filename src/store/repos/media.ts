import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { MediaKind } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { releaseBlobs, retainBlobs } from './blob-rows.ts'
import { insertRows } from './insert-rows.ts'

/** One size of a hosted medium: where its bytes are. */
export interface MediaFile {
  /** `orig`, `thumbnail`, `large`, `small` or `tiny`. */
  readonly sizeName: string
  /** SHA-256 of the blob that it lies in, or of its own bytes where those are in `content`. */
  readonly hash: string
  /** Where in the blob it begins. */
  readonly start: number
  /** Bytes. */
  readonly size: number
  readonly contentType: string
}

/** A file as it is added: with its bytes where they stand in the row itself, else with the size of its whole blob. */
export interface NewMediaFile extends MediaFile {
  readonly content: Uint8Array | null
  readonly blobSize: number
}

/** A file together with its small content. */
export interface FoundMediaFile extends MediaFile {
  readonly content: Uint8Array | null
}

/** Gives each medium exactly these files, and the blobs behind them their counts; after `put` of the contents. */
export async function setMediaFiles(
  tx: Writer,
  media: readonly { readonly mediaPk: number; readonly files: readonly NewMediaFile[] }[],
  now: Micros,
): Promise<void> {
  await releaseFilesOfMedia(
    tx,
    media.map(({ mediaPk }) => mediaPk),
    now,
  )
  await addMediaFiles(tx, media, now)
}

/** Adds files to media, which have none of these names yet; otherwise as `setMediaFiles`. */
export async function addMediaFiles(
  tx: Writer,
  media: readonly { readonly mediaPk: number; readonly files: readonly NewMediaFile[] }[],
  now: Micros,
): Promise<void> {
  const rows = media.flatMap(({ mediaPk, files }) =>
    files.map((file) => ({
      media_pk: mediaPk,
      size_name: file.sizeName,
      hash: file.hash,
      start: file.start,
      size: file.size,
      content_type: file.contentType,
      content: file.content,
    })),
  )
  await insertRows(tx, 'media_files', rows, [])
  const blobs = media.flatMap(({ files }) => files.filter(({ content }) => content === null))
  await retainBlobs(
    tx,
    blobs.map(({ hash, blobSize, contentType }) => ({ hash, size: blobSize, contentType })),
    now,
  )
}

/** The files of media, by pk of the medium, without their contents. */
export async function mediaFilesOf(db: Reader, mediaPks: readonly number[]): Promise<Map<number, MediaFile[]>> {
  const found = new Map<number, MediaFile[]>()
  for (const part of inParts(mediaPks)) {
    const rows = await db
      .selectFrom('media_files')
      .select(['media_pk', 'size_name', 'hash', 'start', 'size', 'content_type'])
      .where('media_pk', 'in', part)
      .execute()
    for (const { media_pk, size_name, content_type, ...row } of rows) {
      const files = found.get(media_pk) ?? []
      files.push({ ...row, sizeName: size_name, contentType: content_type })
      found.set(media_pk, files)
    }
  }
  return found
}

/** One size of the medium that an address names, or undefined. */
export async function findMediaFile(
  db: Reader,
  appPk: number,
  kind: MediaKind,
  id: string,
  sizeName: string,
): Promise<FoundMediaFile | undefined> {
  const row = await db
    .selectFrom('media')
    .innerJoin('media_files', 'media_files.media_pk', 'media.pk')
    .select(['media_files.hash', 'media_files.start', 'media_files.size'])
    .select(['media_files.content_type as contentType', 'media_files.content'])
    .where('media.app_pk', '=', appPk)
    .where('media.id', '=', id)
    .where('media.kind', '=', kind)
    .where('media_files.size_name', '=', sizeName)
    .executeTakeFirst()
  return row && { ...row, sizeName }
}

/** Releases what the media of inputs name, in the transaction that deletes the inputs (with which the media go). */
export async function releaseMediaOfInputs(tx: Writer, inputPks: readonly number[], now: Micros): Promise<void> {
  for (const part of inParts(inputPks)) {
    const rows = await tx.selectFrom('media').select('pk').where('input_pk', 'in', part).execute()
    await releaseFilesOfMedia(
      tx,
      rows.map(({ pk }) => pk),
      now,
    )
  }
}

/** Releases what media name, in the transaction that deletes them. */
export async function releaseFilesOfMedia(tx: Writer, mediaPks: readonly number[], now: Micros): Promise<void> {
  for (const part of inParts(mediaPks)) {
    const rows = await tx
      .deleteFrom('media_files')
      .where('media_pk', 'in', part)
      .returning(['hash', ({ eb }) => eb('content', 'is', null).as('inBlob')])
      .execute()
    await releaseBlobs(
      tx,
      rows.filter(({ inBlob }) => Boolean(inBlob)).map(({ hash }) => hash),
      now,
    )
  }
}
