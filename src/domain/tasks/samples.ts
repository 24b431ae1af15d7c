import { create } from '@bufbuild/protobuf'
import { type Hit, HitSchema } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { listAnnotationRows } from '../../store/repos/annotation-lists.ts'
import { submittedOf } from '../../store/repos/task-assignments.ts'
import { requireApp } from '../access/target.ts'
import { presentAnnotations } from '../annotations/present.ts'
import type { Call } from '../call.ts'
import { inputPlace } from '../inputs/caller.ts'
import { inputsOf } from './assignments.ts'
import { findTask } from './find.ts'
import { ANNOTATIONS_PER_LABELER, SAMPLED_INPUTS } from './limits.ts'
import { taskWorkers } from './workers.ts'

/**
 * What the labelers of a task have made lately: the newest inputs that each has submitted, each with every annotation
 * that he made of it for the task, and without one where he found nothing to say.
 */
export async function inputSamples(call: Call, { taskId, userIds }: RequestOf<'GetInputSamples'>): Promise<Hit[]> {
  const { row, task } = await findTask(call, taskId)
  const { read } = call.services.db
  const { pk: appPk } = requireApp(call.target)
  const hits: Hit[] = []
  for (const worker of taskWorkers(task)) {
    if (userIds.length > 0 && !(worker.kind === 'user' && userIds.includes(worker.id))) continue
    const assignments = await submittedOf(read, row.pk, worker, SAMPLED_INPUTS)
    const inputs = await inputsOf(call, assignments)
    const filter = { taskId: task.id, inputPks: [...inputs.keys()], workers: [{ kind: worker.kind, ids: [worker.id] }] }
    const page = { newestFirst: false, limit: ANNOTATIONS_PER_LABELER, offset: 0 }
    const rows = await listAnnotationRows(read, appPk, filter, page)
    const messages = await presentAnnotations(read, inputPlace(call), rows, { vectors: false })
    for (const { input_pk } of assignments) {
      const input = inputs.get(input_pk)
      if (!input) continue
      const own = messages.filter((_, at) => rows[at]!.input_pk === input_pk)
      if (own.length === 0) hits.push(create(HitSchema, { score: 1, input }))
      for (const annotation of own) hits.push(create(HitSchema, { score: 1, input, annotation }))
    }
  }
  return hits
}
