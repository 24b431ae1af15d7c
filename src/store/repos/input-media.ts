import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { MediaKind, Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { insertRows } from './insert-rows.ts'
import { type NewMediaFile, setMediaFiles } from './media.ts'

/** A medium about to be stored. */
export interface NewMedium {
  readonly inputPk: number
  readonly id: string
  readonly kind: MediaKind
  /** JSON of its facts. */
  readonly doc: string
  readonly files: readonly NewMediaFile[]
}

/** Adds media of inputs with their files, after the blobs were put. */
export async function addMedia(tx: Writer, appPk: number, media: readonly NewMedium[], now: Micros): Promise<void> {
  if (media.length === 0) return
  const rows = media.map(({ inputPk, id, kind, doc }) => ({
    app_pk: appPk,
    input_pk: inputPk,
    id,
    kind,
    doc,
    created_at: now,
    modified_at: now,
  }))
  const stored = await insertRows(tx, 'media', rows, ['pk', 'id'])
  const pks = new Map(stored.map(({ pk, id }) => [id, pk]))
  const files = media.map(({ id, files }) => ({ mediaPk: pks.get(id)!, files }))
  await setMediaFiles(tx, files, now)
}

/** Writes what was found out of a medium, with all its files. */
export async function fillMedium(
  tx: Writer,
  mediaPk: number,
  medium: { readonly doc: string; readonly files: readonly NewMediaFile[] },
  now: Micros,
): Promise<void> {
  await tx.updateTable('media').set({ doc: medium.doc, modified_at: now }).where('pk', '=', mediaPk).execute()
  await setMediaFiles(tx, [{ mediaPk, files: medium.files }], now)
}

/** The media of inputs, by the input's pk. */
export async function mediaOfInputs(db: Reader, inputPks: readonly number[]): Promise<Map<number, Row<'media'>[]>> {
  const found = new Map<number, Row<'media'>[]>()
  for (const part of inParts(inputPks)) {
    const rows = await db.selectFrom('media').selectAll().where('input_pk', 'in', part).orderBy('pk').execute()
    for (const row of rows) {
      const media = found.get(row.input_pk!)
      if (media) media.push(row)
      else found.set(row.input_pk!, [row])
    }
  }
  return found
}

/** A medium with where its original is. */
export interface StoredOriginal extends Pick<Row<'media'>, 'pk' | 'id' | 'kind' | 'doc'> {
  readonly input_pk: number | null
  readonly hash: string
  readonly size: number
  readonly content: Uint8Array | null
}

/** The originals of the media of inputs, by the input's pk. */
export async function originalsOfInputs(
  db: Reader,
  inputPks: readonly number[],
): Promise<Map<number, StoredOriginal[]>> {
  const found = new Map<number, StoredOriginal[]>()
  for (const part of inParts(inputPks)) {
    const rows = await db
      .selectFrom('media')
      .innerJoin('media_files', 'media_files.media_pk', 'media.pk')
      .select(['media.pk', 'media.id', 'media.kind', 'media.doc', 'media.input_pk'])
      .select(['media_files.hash', 'media_files.size', 'media_files.content'])
      .where('media.input_pk', 'in', part)
      .where('media_files.size_name', '=', 'orig')
      .execute()
    for (const row of rows) {
      const media = found.get(row.input_pk!)
      if (media) media.push(row)
      else found.set(row.input_pk!, [row])
    }
  }
  return found
}

/** The original of a medium: where its bytes are. */
export function originalOf(
  db: Reader,
  mediaPk: number,
): Promise<Pick<Row<'media_files'>, 'hash' | 'size' | 'content'> | undefined> {
  return db
    .selectFrom('media_files')
    .select(['hash', 'size', 'content'])
    .where('media_pk', '=', mediaPk)
    .where('size_name', '=', 'orig')
    .executeTakeFirst()
}
