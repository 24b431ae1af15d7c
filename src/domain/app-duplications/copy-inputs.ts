import { create } from '@bufbuild/protobuf'
import { WorkflowVersionSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { inputLevelRows } from '../../store/repos/annotations.ts'
import { conceptPksOf, copyAnnotations, copyInputs, copyTracks } from '../../store/repos/app-copies.ts'
import { inputPks, inputsAfter } from '../../store/repos/inputs.ts'
import { addTallies, noteChange } from '../../store/repos/tallies.ts'
import { defaultWorkflow, standingVersions } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { enqueueProcessing } from '../inputs/process/job.ts'
import { ROWS_PER_PART } from './limits.ts'
import { renameIn, renaming } from './names.ts'
import type { CopyScope, Stage } from './stages.ts'

const WAITING: readonly number[] = [StatusCode.INPUT_PENDING, StatusCode.INPUT_IN_PROGRESS]

/**
 * Inputs with their media and what they say of themselves. What the source's models have found is kept where annotations
 * are copied and the destination has the same default workflow; otherwise the inputs go through that of the destination.
 */
export const inputStage: Stage<Row<'inputs'>> = {
  field: 'inputs',
  wanted: ({ copyInputs }) => copyInputs,
  next: (db, { args }, after) =>
    inputsAfter(
      db,
      args.source.appPk,
      after && { pk: after.pk, created_at: after.value, id: '' },
      { by: 'created_at', descending: false },
      ROWS_PER_PART.inputs,
    ),
  async copy(tx, scope, rows) {
    const { args, filter, versions, services, now } = scope
    const { appPk } = args.destination
    const ids = rows.map(({ id }) => id)
    const taken = await inputPks(tx, appPk, ids)
    const fresh = rows.filter(({ id }) => !taken.has(id))
    if (fresh.length === 0) return 0
    const asProcessed = filter.copyAnnotations && (await sameWorkflow(tx, scope))
    const statusOf = ({ status_code: code }: Row<'inputs'>): number =>
      WAITING.includes(code) || (code === StatusCode.INPUT_SUCCESS && !asProcessed) ? StatusCode.INPUT_PENDING : code
    const pks = await copyInputs(tx, fresh, appPk, statusOf, now)
    const labels = [...(await inputLevelRows(tx, [...pks.keys()])).values()]
    const conceptPks = await conceptPksOf(tx, { annotations: labels.map(({ pk }) => pk) })
    const names = await renaming(tx, args, versions, conceptPks, now)
    await copyAnnotations(tx, labels, appPk, (pk) => pks.get(pk), names, now)
    if (filter.copyAnnotations) await copyTracks(tx, pks, now)
    const counted = fresh.map((row) => ({ kind: 'inputs' as const, key: statusOf(row), by: 1 }))
    await addTallies(tx, appPk, counted)
    await noteChange(tx, appPk)
    if (counted.some(({ key }) => key === StatusCode.INPUT_PENDING)) await enqueueProcessing(tx, services, appPk)
    return fresh.length
  },
}

/** Whether both apps send new inputs through the same nodes. */
async function sameWorkflow(db: Reader, { args, versions }: CopyScope): Promise<boolean> {
  const { source, destination } = args
  const nodes = async (appPk: number, rename: (doc: string) => string): Promise<string> => {
    const workflow = await defaultWorkflow(db, appPk)
    const version = workflow && (await standingVersions(db, [workflow], 0)).get(workflow.pk)
    if (!version) return ''
    const { nodes } = decodeDoc(WorkflowVersionSchema, rename(version.doc))
    return encodeDoc(create(WorkflowVersionSchema, { nodes }))
  }
  const wanted = await nodes(source.appPk, (doc) => renameIn(doc, versions.ids, destination))
  return wanted === (await nodes(destination.appPk, (doc) => doc))
}
