import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { retainBlobs } from './blob-rows.ts'
import { copyChildren, copyFamily, rowsWith } from './copy-rows.ts'
import { copyTexts } from './texts.ts'

// Copies of what an app holds in another app, row by row: what an annotation or an input consists of is listed in here,
// and nowhere else. Blobs are named once more, never copied. All reading is done in the transaction that writes, so
// that nothing is named that has gone meanwhile.

/** Tables whose rows go with those of an input, an annotation, a medium, a concept or a model version: copied, */
export const COPIED_TABLES: readonly string[] = [
  'input_urls',
  'media',
  'media_files',
  'annotations',
  'annotation_concepts',
  'annotation_geos',
  'annotation_terms',
  'annotation_tracks',
  'embeddings',
  'texts',
  'concept_languages',
  'model_tags',
  'model_versions',
  'model_version_concepts',
  'model_version_heads',
  'model_version_files',
  'model_trainings',
  'training_starts',
  'dataset_inputs',
  'concept_relations',
]
/** and left behind: they belong to what is not copied. */
export const TABLES_LEFT_BEHIND: readonly string[] = [
  'training_vectors',
  'evaluations',
  'model_version_exports',
  'task_assignments',
]

/** What else copies change in the rows that they carry along. */
export interface Renaming {
  /** The destination's concept for one of the source; concepts of other apps stay. */
  concept(pk: number): number
  /** The copy of a model version, or the version itself. */
  version(pk: number): number
  versionId(id: string): string
  /** A document with the ids of copied versions. */
  doc(doc: string): string
}

/** Annotations of an app after one of them, in the order of their pks. */
export function annotationsOfApp(
  db: Reader,
  appPk: number,
  afterPk: number,
  limit: number,
): Promise<Row<'annotations'>[]> {
  return db
    .selectFrom('annotations')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where('pk', '>', afterPk)
    .orderBy('pk')
    .limit(limit)
    .execute()
}

/** Model versions of an app: pk and id of each with one of the statuses. */
export function versionsOfApp(
  db: Reader,
  appPk: number,
  statusCode: number,
): Promise<Pick<Row<'model_versions'>, 'pk' | 'id'>[]> {
  return db
    .selectFrom('model_versions')
    .innerJoin('models', 'models.pk', 'model_versions.model_pk')
    .select(['model_versions.pk', 'model_versions.id'])
    .where('models.app_pk', '=', appPk)
    .where('model_versions.status_code', '=', statusCode)
    .execute()
}

/** Copies inputs with their media and addresses; returns the pk of each copy by that of its source. */
export async function copyInputs(
  tx: Writer,
  rows: readonly Row<'inputs'>[],
  appPk: number,
  statusOf: (row: Row<'inputs'>) => number,
  now: Micros,
): Promise<Map<number, number>> {
  const pks = await copyFamily(tx, 'inputs', rows, ['id'], (row) => ({
    app_pk: appPk,
    status_code: statusOf(row),
    add_job_pk: null,
    created_at: now,
    modified_at: now,
  }))
  const sources = [...pks.keys()]
  await copyChildren(tx, 'input_urls', { column: 'input_pk', pks: sources }, (row) => ({
    app_pk: appPk,
    input_pk: pks.get(row.input_pk),
  }))
  await copyTexts(tx, appPk, 'inputs', pks, (source) => pks.get(source)!)
  const media = await rowsWith(tx, 'media', 'input_pk', sources, 'pk')
  const mediaPks = await copyFamily(tx, 'media', media, ['id'], (row) => ({
    app_pk: appPk,
    input_pk: pks.get(row.input_pk!),
    created_at: now,
    modified_at: now,
  }))
  const files = await copyChildren(tx, 'media_files', { column: 'media_pk', pks: [...mediaPks.keys()] }, (row) => ({
    media_pk: mediaPks.get(row.media_pk),
  }))
  const blobs = files.filter(({ content }) => content === null)
  await retainBlobs(
    tx,
    // The blob has a row already, so its size is not written.
    blobs.map(({ hash, size, content_type }) => ({ hash, size, contentType: content_type })),
    now,
  )
  return pks
}

/**
 * Copies annotations with everything derived from them to other inputs; `inputPk` finds the copy of an input, and
 * annotations of inputs without one are left out. Returns how many there are.
 */
export async function copyAnnotations(
  tx: Writer,
  rows: readonly Row<'annotations'>[],
  appPk: number,
  inputPk: (source: number) => number | undefined,
  names: Renaming,
  now: Micros,
): Promise<number> {
  const wanted = rows.filter((row) => inputPk(row.input_pk) !== undefined)
  const pks = await copyFamily(tx, 'annotations', wanted, ['input_pk', 'id'], (row) => ({
    app_pk: appPk,
    input_pk: inputPk(row.input_pk),
    ...(row.worker_kind === 'model_version' && {
      worker_id: names.versionId(row.worker_id),
      worker_pk: row.worker_pk && names.version(row.worker_pk),
    }),
    doc: names.doc(row.doc),
    created_at: now,
    modified_at: now,
  }))
  const parents = { column: 'annotation_pk', pks: [...pks.keys()] } as const
  const place = (row: { annotation_pk: number; input_pk: number }) => ({
    annotation_pk: pks.get(row.annotation_pk)!,
    app_pk: appPk,
    input_pk: inputPk(row.input_pk)!,
  })
  await copyChildren(tx, 'annotation_concepts', parents, (row) => ({
    ...place(row),
    concept_pk: names.concept(row.concept_pk),
  }))
  await copyChildren(tx, 'annotation_geos', parents, place)
  await copyChildren(tx, 'annotation_terms', parents, place)
  await copyTexts(tx, appPk, 'annotations', pks, (source) => inputPk(source)!)
  await copyChildren(tx, 'embeddings', { ...parents, order: 'pk' }, (row) => ({
    ...place(row),
    model_version_pk: names.version(row.model_version_pk),
  }))
  return wanted.length
}

/** Copies the concepts of an app with their translations; returns the pk of each copy by that of its source. */
export async function copyConcepts(
  tx: Writer,
  rows: readonly Row<'concepts'>[],
  appPk: number,
  now: Micros,
): Promise<Map<number, number>> {
  const times = { created_at: now, modified_at: now }
  const pks = await copyFamily(tx, 'concepts', rows, ['id'], () => ({ app_pk: appPk, ...times }))
  const languages = await rowsWith(tx, 'concept_languages', 'concept_pk', [...pks.keys()], 'pk')
  await copyFamily(tx, 'concept_languages', languages, ['concept_pk', 'id'], (row) => ({
    concept_pk: pks.get(row.concept_pk),
    ...times,
  }))
  return pks
}

/** Copies versions of models with their concepts, heads and contents. */
export async function copyModelVersions(
  tx: Writer,
  rows: readonly Row<'model_versions'>[],
  change: (row: Row<'model_versions'>) => Partial<Row<'model_versions'>>,
  names: Renaming,
  now: Micros,
): Promise<Map<number, number>> {
  const pks = await copyFamily(tx, 'model_versions', rows, ['model_pk', 'id'], change)
  const parents = { column: 'version_pk', pks: [...pks.keys()] } as const
  const place = (row: { version_pk: number }) => ({ version_pk: pks.get(row.version_pk)! })
  await copyChildren(tx, 'model_version_concepts', parents, (row) => ({
    ...place(row),
    concept_pk: names.concept(row.concept_pk),
  }))
  await copyChildren(tx, 'model_version_heads', parents, place)
  await copyChildren(tx, 'model_trainings', parents, place)
  await copyChildren(tx, 'training_starts', parents, place)
  const files = await copyChildren(tx, 'model_version_files', parents, place)
  const blobs = await rowsWith(tx, 'blobs', 'hash', [...new Set(files.map(({ hash }) => hash))])
  const sizes = new Map(blobs.map((blob) => [blob.hash, blob]))
  await retainBlobs(
    tx,
    files.map(({ hash }) => ({
      hash,
      size: sizes.get(hash)?.size ?? 0,
      contentType: sizes.get(hash)?.content_type ?? '',
    })),
    now,
  )
  return pks
}

/** Pks of the concepts that derived rows of annotations, or versions of models, name. */
export async function conceptPksOf(
  db: Reader,
  of: { readonly annotations: readonly number[] } | { readonly versions: readonly number[] },
): Promise<number[]> {
  const rows =
    'annotations' in of
      ? await rowsWith(db, 'annotation_concepts', 'annotation_pk', of.annotations)
      : await rowsWith(db, 'model_version_concepts', 'version_pk', of.versions)
  return [...new Set(rows.map(({ concept_pk }) => concept_pk))]
}

/** What the media of inputs are by their contents, by pk of the input: equal for inputs of the same contents. */
export async function contentsOfInputs(db: Reader, inputPks: readonly number[]): Promise<Map<number, string>> {
  const hashes = new Map<number, string[]>(inputPks.map((pk) => [pk, []]))
  for (const part of inParts(inputPks)) {
    const rows = await db
      .selectFrom('media')
      .innerJoin('media_files', 'media_files.media_pk', 'media.pk')
      .select(['media.input_pk', 'media_files.hash'])
      .where('media.input_pk', 'in', part)
      .where('media_files.size_name', '=', 'orig')
      .execute()
    for (const { input_pk, hash } of rows) hashes.get(input_pk!)?.push(hash)
  }
  return new Map([...hashes].map(([pk, found]) => [pk, found.sort().join(' ')]))
}

/** Copies the tracks of inputs to their copies. */
export async function copyTracks(tx: Writer, inputPks: ReadonlyMap<number, number>, now: Micros): Promise<void> {
  const rows = await rowsWith(tx, 'annotation_tracks', 'input_pk', [...inputPks.keys()], 'pk')
  await copyFamily(tx, 'annotation_tracks', rows, ['input_pk', 'id'], (row) => ({
    input_pk: inputPks.get(row.input_pk),
    created_at: now,
    modified_at: now,
  }))
}
