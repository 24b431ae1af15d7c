import { create } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import { type Annotation, AnnotationSchema, type Data, DataSchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import type { Writer } from '../../store/database.ts'
import { deleteAnnotationRows, deleteDerived, insertDerived } from '../../store/repos/annotations.ts'
import { annotations as rows } from '../../store/repos/families.ts'
import { insertRows } from '../../store/repos/insert-rows.ts'
import { noteChange } from '../../store/repos/tallies.ts'
import type { NewRow, Row, WorkerKind } from '../../store/schema/tables.ts'
import { type ConceptPk, type Derived, derive, whileLean } from './derive.ts'
import { walk } from './walk.ts'

// The one way by which annotations get into the store, whoever makes them (PostInputs, PostAnnotations, the app's
// workflow, imports), so that the rows that searches need are always those of the document.
//
// The caller checks the data and finds the concepts first (`ensureConcepts` in concepts.ts for what users label,
// `knownConcepts` for what models answer), looks whether ids are taken (a duplicate fails the whole transaction),
// then calls `storeAnnotations` in its transaction. `rewriteAnnotation` changes one, `removeAnnotations` deletes.
// Reading back is in present.ts.

/** Who made an annotation; the id stays readable when the worker is gone. */
export interface AnnotationWorker {
  readonly kind: WorkerKind
  /** User id, model version id or workflow version id. */
  readonly id: string
  readonly pk: number | null
}

/** An annotation about to be stored. */
export interface AnnotationDraft {
  readonly appPk: number
  readonly inputPk: number
  /**
   * Read from it: id (made when empty), data, annotation_info, consensus_info, task_id and, as what is answered beside
   * the worker's id, worker. It is not changed, except that regions without an id get one.
   */
  readonly message: Annotation
  readonly worker: AnnotationWorker
  readonly statusCode: number
  readonly trusted: boolean
  /** The one annotation that the input's own data show. */
  readonly inputLevel?: boolean
  readonly conceptPk: ConceptPk
  /** Pk of the model version that made the vectors in the data; 0 (and absent) when a caller gave them. */
  readonly vectorsBy?: number
}

/** Stores annotations with everything derived from them; returns id and pk of each, in the order of the drafts. */
export async function storeAnnotations(
  tx: Writer,
  drafts: readonly AnnotationDraft[],
  now: Micros,
): Promise<{ readonly pk: number; readonly id: string }[]> {
  if (drafts.length === 0) return []
  const made = drafts.map((draft) => {
    const data = draft.message.data ?? create(DataSchema)
    nameRegions(data)
    const derived = derive(data, draft.conceptPk, draft.vectorsBy ?? 0)
    return { derived, row: newRow(draft, derived, now) }
  })
  const stored = await insertRows(
    tx,
    'annotations',
    made.map(({ row }) => row),
    ['pk', 'id', 'input_pk'],
  )
  const pks = new Map(stored.map(({ pk, id, input_pk }) => [`${input_pk} ${id}`, pk]))
  const items = made.map(({ row, derived }) => ({
    of: { pk: pks.get(`${row.input_pk} ${row.id}`)!, app_pk: row.app_pk, input_pk: row.input_pk },
    id: row.id,
    derived,
  }))
  await insertDerived(tx, items)
  for (const appPk of new Set(drafts.map((draft) => draft.appPk))) await noteChange(tx, appPk)
  return items.map(({ of, id }) => ({ pk: of.pk, id }))
}

function newRow(draft: AnnotationDraft, derived: Derived, now: Micros): NewRow<'annotations'> {
  const { message, worker } = draft
  return {
    app_pk: draft.appPk,
    input_pk: draft.inputPk,
    id: message.id || newId(),
    worker_kind: worker.kind,
    worker_id: worker.id,
    worker_pk: worker.pk,
    status_code: draft.statusCode,
    trusted: draft.trusted ? 1 : 0,
    input_level: draft.inputLevel ? 1 : 0,
    ...columnsOf(message, derived),
    created_at: now,
    modified_at: now,
  }
}

const columnsOf = (message: Annotation, derived: Derived) => ({
  task_id: message.taskId,
  track_id: message.data?.regions.find(({ trackId }) => trackId !== '')?.trackId ?? '',
  shapes: derived.shapes,
  ...frameOf(message),
  doc: document(message),
})

function frameOf({ data }: Annotation): Pick<NewRow<'annotations'>, 'frame_ms' | 'frame_number'> {
  const info = data?.frames[0]?.frameInfo
  return { frame_ms: info ? Number(info.time) : null, frame_number: info ? Number(info.number) : null }
}

// What columns say is not repeated in the document.
const blank = create(AnnotationSchema)

function document({ data, annotationInfo, consensusInfo, worker }: Annotation): string {
  const kept = { ...blank, data, annotationInfo, consensusInfo, worker }
  return data ? whileLean(data, () => encodeDoc(kept)) : encodeDoc(kept)
}

function nameRegions(data: Data): void {
  for (const { data: part } of walk(data)) {
    for (const region of part.regions) region.id ||= newId()
  }
}

/** What changes when an annotation is written anew. */
export interface AnnotationChange {
  /** Whole, with vectors, as it shall be; read from it is the same as from a draft, but for the id. */
  readonly message: Annotation
  readonly conceptPk: ConceptPk
  readonly vectorsBy?: number
  readonly statusCode?: number
  readonly trusted?: boolean
}

/** Writes an annotation that the caller has read in this transaction, with everything derived from it. */
export async function rewriteAnnotation(
  tx: Writer,
  row: Row<'annotations'>,
  change: AnnotationChange,
  now: Micros,
): Promise<Row<'annotations'>> {
  const data = change.message.data ?? create(DataSchema)
  nameRegions(data)
  const derived = derive(data, change.conceptPk, change.vectorsBy ?? 0)
  const changed = await rows.update(
    tx,
    row,
    {
      ...columnsOf(change.message, derived),
      ...(change.statusCode !== undefined && { status_code: change.statusCode }),
      ...(change.trusted !== undefined && { trusted: change.trusted ? 1 : 0 }),
    },
    now,
  )
  await deleteDerived(tx, row.pk)
  await insertDerived(tx, [{ of: row, derived }])
  await noteChange(tx, row.app_pk)
  return changed
}

/** Deletes annotations of an app with everything derived from them; says how many there were. */
export async function removeAnnotations(tx: Writer, appPk: number, pks: readonly number[]): Promise<number> {
  const removed = await deleteAnnotationRows(tx, pks)
  if (removed > 0) await noteChange(tx, appPk)
  return removed
}
