import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type Input, type TaskAssignment, TaskAssignmentSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { inputs } from '../../store/repos/families.ts'
import { assignmentOfInput, assignmentsByPk } from '../../store/repos/task-assignments.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import { plainWorker } from '../annotations/present.ts'
import type { Call } from '../call.ts'
import { inputPlace } from '../inputs/caller.ts'
import { presentInputs } from '../inputs/present.ts'
import { itemStatus } from '../predict/answer.ts'
import { invalidTask } from './problem.ts'

/** A row of what is assigned. */
export type Assignment = Row<'task_assignments'>

/** Assignments as messages with their inputs, in the same order. */
export async function presentAssignments(call: Call, rows: readonly Assignment[]): Promise<TaskAssignment[]> {
  const shown = await inputsOf(call, rows)
  return rows.flatMap((row) => {
    const input = shown.get(row.input_pk)
    // An input may have gone between two reads; its assignments have gone with it.
    if (!input) return []
    return create(TaskAssignmentSchema, {
      id: String(row.pk),
      createdAt: toTimestamp(row.created_at),
      modifiedAt: toTimestamp(row.modified_at),
      worker: plainWorker(row),
      input,
      status: itemStatus(row.status_code as StatusCode),
    })
  })
}

/** The inputs that are assigned, by their pks. */
export async function inputsOf(call: Call, rows: readonly Assignment[]): Promise<Map<number, Input>> {
  const { read } = call.services.db
  const pks = [...new Set(rows.map(({ input_pk }) => input_pk))]
  const found = [...(await inputs.getManyByPk(read, pks)).values()].filter(({ status_code }) => status_code >= 0)
  const messages = await presentInputs(read, inputPlace(call), found)
  return new Map(found.map(({ pk }, at) => [pk, messages[at]!]))
}

/** The assignments of a task that a request names by id, or a worker's by the input's id; throws AppError 11101. */
export async function namedAssignments(
  call: Call,
  reader: Reader,
  taskPk: number,
  named: readonly TaskAssignment[],
  workerId?: string,
): Promise<Assignment[]> {
  if (named.length === 0) throw invalidTask('The request names no task assignment; send task_assignments with ids.')
  if (named.length > BATCH_ITEMS_MAX) {
    throw invalidTask(`The request has ${named.length} task assignments; send at most ${BATCH_ITEMS_MAX} at a time.`)
  }
  const pks = named.flatMap(({ id }) => (/^\d{1,15}$/.test(id) ? [Number(id)] : []))
  const byPk = new Map((await assignmentsByPk(reader, taskPk, pks)).map((row) => [String(row.pk), row]))
  const found = new Map<number, Assignment>()
  for (const { id, input } of named) {
    const row =
      id === '' && workerId !== undefined
        ? await byInput(call, reader, taskPk, input?.id ?? '', workerId)
        : byPk.get(id)
    if (!row) throw missing(id === '' ? `of the input '${input?.id ?? ''}'` : `'${id}'`)
    found.set(row.pk, row)
  }
  return [...found.values()]
}

const missing = (which: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The task has no assignment ${which}; ask for them with LABEL_START.`)

async function byInput(
  call: Call,
  reader: Reader,
  taskPk: number,
  inputId: string,
  workerId: string,
): Promise<Assignment | undefined> {
  const input = await inputs.get(reader, requireApp(call.target).pk, inputId)
  return input && assignmentOfInput(reader, taskPk, input.pk, { kind: 'user', id: workerId })
}
