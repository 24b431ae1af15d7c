import { create, equals } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import { type Annotation, type Concept, type Data, DataSchema } from '../../contract/index.ts'
import type { Writer } from '../../store/database.ts'
import { vectorsMaker } from '../../store/repos/annotation-lists.ts'
import { inputLevelRows } from '../../store/repos/annotations.ts'
import { annotationsOfUsers } from '../../store/repos/search-matches.ts'
import type { Row } from '../../store/schema/tables.ts'
import { ensureConcepts, type LabelPlace, showConcepts } from '../annotations/concepts.ts'
import { presentAnnotations, toMessage } from '../annotations/present.ts'
import { rewriteAnnotation } from '../annotations/store.ts'
import { walk } from '../annotations/walk.ts'

/** Changes what the input-level annotations of inputs say; those that stay as they were are not written. */
export async function changeLabels(
  tx: Writer,
  place: LabelPlace,
  inputPks: readonly number[],
  change: (data: Data) => Data,
  now: Micros,
): Promise<void> {
  for (const row of (await inputLevelRows(tx, inputPks)).values()) {
    const message = toMessage(row, '')
    const before = message.data ?? create(DataSchema)
    await showConcepts(tx, place, [before])
    const data = change(before)
    if (!equals(DataSchema, before, data)) await rewrite(tx, place, row, { ...message, data }, now)
  }
}

/** Adds concepts to annotations: to the parts that have a place where there are such, else to the whole. */
export async function addToAnnotations(
  tx: Writer,
  place: LabelPlace,
  rows: readonly Row<'annotations'>[],
  concepts: readonly Concept[],
  now: Micros,
): Promise<void> {
  const messages = await presentAnnotations(tx, place, rows, { vectors: true })
  for (const [at, message] of messages.entries()) {
    const data = message.data ?? create(DataSchema)
    const parts = [...walk(data)].map(({ data: part }) => part)
    const places = parts.length > 1 ? parts.slice(1) : parts
    for (const part of places) part.concepts = withConcepts(part.concepts, concepts)
    await rewrite(tx, place, rows[at]!, { ...message, data }, now)
  }
}

/** Takes concepts out of what some users have said about inputs. */
export async function deleteConcepts(
  tx: Writer,
  place: LabelPlace,
  inputPks: readonly number[],
  { concepts, userIds }: { readonly concepts: readonly Concept[]; readonly userIds: readonly string[] },
  now: Micros,
): Promise<void> {
  const rows = await annotationsOfUsers(tx, inputPks, userIds)
  await deleteFromAnnotations(tx, place, rows, concepts, now)
}

/** Takes concepts out of annotations. */
export async function deleteFromAnnotations(
  tx: Writer,
  place: LabelPlace,
  rows: readonly Row<'annotations'>[],
  concepts: readonly Concept[],
  now: Micros,
): Promise<void> {
  const ids = new Set(concepts.map(({ id }) => id).filter((id) => id !== ''))
  const names = new Set(concepts.flatMap(({ id, name }) => (id === '' ? [name] : [])))
  const messages = await presentAnnotations(tx, place, rows, { vectors: true })
  for (const [at, message] of messages.entries()) {
    let removed = false
    for (const { data: part } of message.data ? walk(message.data) : []) {
      const left = part.concepts.filter(({ id, name }) => !ids.has(id) && !names.has(name))
      if (left.length === part.concepts.length) continue
      part.concepts = left
      removed = true
    }
    if (removed) await rewrite(tx, place, rows[at]!, message, now)
  }
}

/** Concepts with others added; those that were there get the new value. */
export function withConcepts(current: readonly Concept[], added: readonly Concept[]): Concept[] {
  const same = (a: Concept, b: Concept): boolean => (b.id === '' ? a.name === b.name : a.id === b.id)
  return [
    ...current.map((concept) => {
      const given = added.find((other) => same(concept, other))
      return given ? { ...concept, value: given.value } : concept
    }),
    ...added.filter((other) => !current.some((concept) => same(concept, other))).map((concept) => ({ ...concept })),
  ]
}

async function rewrite(
  tx: Writer,
  place: LabelPlace,
  row: Row<'annotations'>,
  message: Annotation,
  now: Micros,
): Promise<void> {
  const conceptPk = await ensureConcepts(tx, place, message.data ? [message.data] : [], now)
  const vectorsBy = await vectorsMaker(tx, row.pk)
  // Who made it stands in columns, and is shown from there.
  const { worker: _worker, ...kept } = message
  await rewriteAnnotation(tx, row, { message: kept, conceptPk, vectorsBy }, now)
}
