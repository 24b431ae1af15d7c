import type { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { setStatuses } from '../../store/repos/annotation-lists.ts'
import { noteChange } from '../../store/repos/tallies.ts'
import type { Assignment } from './assignments.ts'
import type { StoredTask } from './find.ts'

/** Gives the annotations that workers made for assignments another status. */
export async function followAssignments(
  tx: Writer,
  { row, task }: StoredTask,
  assignments: readonly Assignment[],
  statusCode: StatusCode,
  now: number,
): Promise<void> {
  const byWorker = Map.groupBy(assignments, ({ worker_kind, worker_id }) => `${worker_kind} ${worker_id}`)
  let changed = 0
  for (const own of byWorker.values()) {
    const { worker_kind: kind, worker_id } = own[0]!
    const inputPks = own.map(({ input_pk }) => input_pk)
    const filter = { taskId: task.id, inputPks, workers: [{ kind, ids: [worker_id] }] }
    changed += (await setStatuses(tx, row.app_pk, filter, statusCode, now)).count
  }
  if (changed > 0) await noteChange(tx, row.app_pk)
}
