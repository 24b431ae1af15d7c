import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { addAssignments, assignmentsOf, submittedOf } from '../../store/repos/task-assignments.ts'
import { listedInputs, type Unassigned } from '../../store/repos/task-inputs.ts'
import { moveCursor } from '../../store/repos/tasks.ts'
import type { Call } from '../call.ts'
import type { Assignment } from './assignments.ts'
import { callerId, demandWorker, findTask, type StoredTask } from './find.ts'
import { HANDED_OUT } from './limits.ts'
import { labelersToAgree } from './review-rules.ts'
import { findSource, nextOfSource, type Source } from './source.ts'

const { TASK_ASSIGNMENT_PENDING } = StatusCode

/** Inputs that a worker may get, and how far inputs are assigned to all who shall have them. */
interface Offer {
  readonly inputPks: readonly number[]
  readonly cursor: number
}

/**
 * Assigns the next inputs of a task to the caller: those that nobody has, or, where several labelers have to agree, not
 * enough of them. They are looked for outside the transaction that assigns them, as there may be a long way to go.
 */
export async function handOut(call: Call, taskId: string): Promise<Assignment[]> {
  const { db } = call.services
  let stored = await findTask(call, taskId)
  const source = await findSource(call, stored.task.inputSource)
  for (;;) {
    const offer = await look(call, stored, source)
    if (offer.inputPks.length === 0) return []
    const given = await db.transact((tx) => assign(call, tx, taskId, offer))
    if (given.length > 0) return given
    // Others were given all of it meanwhile.
    stored = await findTask(call, taskId)
  }
}

const lacking = ({ row, task }: StoredTask): Unassigned => ({
  taskPk: row.pk,
  fewerThan: Math.max(1, labelersToAgree(task)),
})

/**
 * What there is for the caller. The task's cursor stands where all inputs before it are handed out, and what he was given
 * last had nothing for him before it; what has come to the source behind that is looked for once nothing follows it.
 */
async function look(call: Call, stored: StoredTask, source: Source): Promise<Offer> {
  const { read } = call.services.db
  const { pk, cursor } = stored.row
  const anybody = lacking(stored)
  const unassigned = { ...anybody, notTo: callerId(call) }
  const [last] = await submittedOf(read, pk, { kind: 'user', id: callerId(call) }, 1)
  const from = Math.max(cursor, last?.input_pk ?? 0)
  const next = await nextOfSource(read, source, { after: from, limit: HANDED_OUT, for: 'people', unassigned })
  const left = HANDED_OUT - next.length
  const behind =
    left > 0 && from > 0
      ? await nextOfSource(read, source, { after: 0, until: from, limit: left, for: 'people', unassigned })
      : []
  const inputPks = [...next, ...behind]
  // Nobody else needs what is given to the only one.
  if (anybody.fewerThan === 1) return { inputPks, cursor: next.at(-1) ?? cursor }
  const [open] = await nextOfSource(read, source, { after: cursor, limit: 1, for: 'people', unassigned: anybody })
  return { inputPks, cursor: open === undefined ? cursor : open - 1 }
}

/** Assigns what of an offer is still to be had; nothing where all of it was given to others. */
async function assign(call: Call, tx: Writer, taskId: string, { inputPks, cursor }: Offer): Promise<Assignment[]> {
  const stored = await findTask(call, taskId, tx)
  demandWorker(call, stored)
  const { row } = stored
  const me = { kind: 'user', id: callerId(call) } as const
  const meanwhile = await assignmentsOf(tx, row.pk, me, TASK_ASSIGNMENT_PENDING, HANDED_OUT)
  if (meanwhile.length > 0) return meanwhile
  const free = new Set(
    await listedInputs(tx, row.app_pk, inputPks, { unassigned: { ...lacking(stored), notTo: me.id } }),
  )
  const now = call.services.clock.now()
  await addAssignments(
    tx,
    inputPks
      .filter((pk) => free.has(pk))
      .map((input_pk) => ({
        task_pk: row.pk,
        input_pk,
        worker_kind: me.kind,
        worker_id: me.id,
        status_code: TASK_ASSIGNMENT_PENDING,
        created_at: now,
        modified_at: now,
      })),
  )
  if (cursor > row.cursor) await moveCursor(tx, row, cursor)
  return assignmentsOf(tx, row.pk, me, TASK_ASSIGNMENT_PENDING, HANDED_OUT)
}
