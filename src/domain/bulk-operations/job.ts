import { createHash } from 'node:crypto'
import type { Micros } from '../../base/clock.ts'
import { type BulkOperation, BulkOperationSchema, type SplitIntoDatasets } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Writer } from '../../store/database.ts'
import { removeMembers } from '../../store/repos/dataset-inputs.ts'
import { addToDatasets } from '../../store/repos/inputs.ts'
import { noteChange } from '../../store/repos/tallies.ts'
import type { LabelPlace } from '../annotations/concepts.ts'
import { removeAnnotations } from '../annotations/store.ts'
import { defineJob } from '../jobs/define.ts'
import { patchJson } from '../resource/patch.ts'
import { addToAnnotations, changeLabels, deleteConcepts, deleteFromAnnotations, withConcepts } from './labels.ts'
import { INPUTS_PER_PART } from './limits.ts'
import { nextAnnotations, nextOfSource, type Source } from './source.ts'

/** What a bulk operation was posted with, and what was resolved then. */
export interface BulkArgs {
  /** The operation as a document. */
  readonly operation: string
  readonly source: Source
  readonly place: Pick<LabelPlace, 'appId' | 'userId'> & { readonly publicAppPk?: number }
  /** User id of whoever posted it. */
  readonly createdBy: string
  /** Whether annotations of others stay as they are, as whoever posted it is not the owner. */
  readonly onlyOwn?: boolean
  /** Pks of the datasets that it names, by id. */
  readonly datasets: Readonly<Record<string, number>>
}

export interface BulkState {
  readonly lastPk: number
  /** Of the input (or the annotation) that was done last. */
  readonly lastId: string
}

/** Does a bulk operation part by part: each part and how far it is are one commit. */
export const bulkOperationJob = defineJob<BulkArgs, BulkState>({
  kind: 'bulk-operation',
  async run({ id, args, services, checkpoint, signal, ...context }) {
    const bulk = decodeDoc(BulkOperationSchema, args.operation)
    const { db, clock } = services
    let { lastPk } = context.state ?? { lastPk: 0 }
    for (let done = context.done; ; ) {
      signal.throwIfAborted()
      const part = { id, bulk, args }
      const rows =
        bulk.inputSource.case === undefined
          ? await nextAnnotations(db.read, bulk, args.source, lastPk, INPUTS_PER_PART)
          : await nextOfSource(db.read, bulk, args.source, lastPk, INPUTS_PER_PART)
      const last = rows.at(-1)
      if (!last) return
      lastPk = last.pk
      done += rows.length
      await checkpoint(async (tx) => {
        await doPart(tx, part, rows, clock.now())
        await noteChange(tx, args.source.appPk)
        return { state: { lastPk, lastId: last.id }, done }
      })
    }
  },
})

interface Part {
  readonly id: string
  readonly bulk: BulkOperation
  readonly args: BulkArgs
}

async function doPart(
  tx: Writer,
  { id, bulk, args }: Part,
  rows: Awaited<ReturnType<typeof nextOfSource | typeof nextAnnotations>>,
  now: Micros,
): Promise<void> {
  const { appPk } = args.source
  // The scopes were asked for when it was posted.
  const place: LabelPlace = { ...args.place, appPk, mayAddConcepts: () => {} }
  const annotations = bulk.inputSource.case === undefined
  const said = rows.filter(
    (row) =>
      'worker_kind' in row && (!args.onlyOwn || (row.worker_kind === 'user' && row.worker_id === args.createdBy)),
  )
  const pks = rows.map(({ pk }) => pk)
  if (bulk.operation?.annotationOperation.case === 'deleteAnnotations') {
    const removable = said.filter((row) => 'input_level' in row && row.input_level === 0)
    await removeAnnotations(
      tx,
      appPk,
      removable.map(({ pk }) => pk),
    )
    return
  }
  const inputPks = annotations ? rows.flatMap((row) => ('input_pk' in row ? row.input_pk : [])) : pks
  const operation = bulk.operation?.operation
  switch (operation?.case) {
    case 'addConcepts':
      if (annotations) return addToAnnotations(tx, place, said as never, operation.value.concepts, now)
      return changeLabels(
        tx,
        place,
        inputPks,
        (data) => ({ ...data, concepts: withConcepts(data.concepts, operation.value.concepts) }),
        now,
      )
    case 'deleteConcepts': {
      if (annotations) return deleteFromAnnotations(tx, place, said as never, operation.value.concepts, now)
      const { concepts, userIds } = operation.value
      const of = userIds.length > 0 ? userIds : [args.createdBy]
      return deleteConcepts(tx, place, inputPks, { concepts, userIds: of }, now)
    }
    case 'addMetadata':
    case 'deleteMetadata': {
      const action = operation.case === 'addMetadata' ? 'merge' : 'remove'
      const given = operation.value.metadata ?? {}
      return changeLabels(
        tx,
        place,
        inputPks,
        (data) => ({ ...data, metadata: patchJson(data.metadata ?? {}, given, action) }),
        now,
      )
    }
    case 'overwriteGeo':
      return changeLabels(tx, place, inputPks, (data) => ({ ...data, geo: operation.value.geo }), now)
    case 'deleteGeo':
      return changeLabels(tx, place, inputPks, (data) => ({ ...data, geo: undefined }), now)
    case 'addToDataset':
      return addToDatasets(tx, members(args.datasets[operation.value.datasetId], inputPks, now))
    case 'deleteFromDataset': {
      const dataset = args.datasets[operation.value.datasetId]
      if (dataset !== undefined) await removeMembers(tx, dataset, inputPks)
      return
    }
    case 'splitIntoDatasets': {
      for (const inputPk of inputPks) {
        const dataset = args.datasets[datasetFor(id, inputPk, operation.value) ?? '']
        await addToDatasets(tx, members(dataset, [inputPk], now))
      }
    }
  }
}

const members = (datasetPk: number | undefined, inputPks: readonly number[], now: Micros) =>
  datasetPk === undefined ? [] : inputPks.map((input_pk) => ({ dataset_pk: datasetPk, input_pk, created_at: now }))

/** By chance that a second run after a crash throws the same way; undefined for what no split takes. */
function datasetFor(id: string, inputPk: number, { datasetSplits }: SplitIntoDatasets): string | undefined {
  const digest = createHash('sha256').update(`${id} ${inputPk}`).digest()
  let left = (digest.readUInt32BE(0) / 2 ** 32) * 100
  for (const { dataset, methodInfo } of datasetSplits) {
    left -= methodInfo.case === 'percentage' ? methodInfo.value : 0
    if (left < 0) return dataset?.id
  }
  return undefined
}
