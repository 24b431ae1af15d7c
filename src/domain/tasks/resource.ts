import { create } from '@bufbuild/protobuf'
import { checkId, newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { ConceptSchema, type Task, TaskConceptSchema, TaskSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { conceptsById } from '../../store/repos/concept-pks.ts'
import { tasks as rows } from '../../store/repos/families.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { workerOf } from '../inputs/caller.ts'
import { itemStatus } from '../predict/answer.ts'
import { visibilityOf } from '../resource/checks.ts'
import { defineResource, type Stored } from '../resource/define.ts'
import { checkTask } from './check.ts'
import { deleteTaskJob } from './delete-job.ts'
import { isAuto, normalMembers, showMembers } from './workers.ts'

const INVALID = StatusCode.CONN_INVALID_REQUEST

/** Tasks: inputs that people shall label, or that a model or workflow annotates by itself. */
export const tasks = defineResource({
  kind: 'task',
  desc: TaskSchema,
  rows,
  parentColumn: 'app_pk',
  codes: { missing: StatusCode.TASK_MISSING, duplicate: StatusCode.DATABASE_DUPLICATE_KEY, invalid: INVALID },
  checkId: (id) => checkId(id, 'task', INVALID),
  makeId: () => newId(),
  serverFields: ['user_id', 'app_id', 'created_at', 'modified_at', 'metrics', 'label_order_id', 'status'],
  patch: {
    actions: ['overwrite'],
    fields: [
      'name',
      'description',
      'concepts',
      'sample_ms',
      'ai_assistant',
      'ai_assist_params',
      'review',
      'visibility',
      'priority',
      'metadata',
      'delete_previous_annotations',
    ],
  },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    prepare: normalTask,
    validate: checkTask,
    columns: ({ visibility, inputSource }) => ({
      visibility: visibilityOf(visibility, INVALID),
      source_type: inputSource?.type ?? 0,
      source_id: inputSource?.id ?? '',
    }),
    present: presentTasks,
    async beforeRemove(removed, call, tx) {
      if (removed === 'all') return
      const { jobs } = call.services
      const appPk = requireApp(call.target).pk
      for (const { pk } of removed) await jobs.enqueue(tx, deleteTaskJob, { taskPk: pk }, { appPk })
    },
  },
})

/** Says people and concepts in one way, whichever of the older fields a message has them in. */
export function normalTask(task: Task, call: Call): void {
  normalMembers(task, workerOf(call).id)
  if (task.concepts.length === 0) {
    task.concepts = task.conceptIds.map((id) => create(TaskConceptSchema, { concept: create(ConceptSchema, { id }) }))
  }
  task.conceptIds = []
}

async function presentTasks(items: readonly Stored<typeof TaskSchema, 'tasks'>[], call: Call): Promise<void> {
  const app = requireApp(call.target)
  for (const { row, message } of items) {
    message.appId = app.id
    message.userId = app.user.id
    message.labelOrderId = row.label_order_id
    message.status = itemStatus(row.status_code, row.status_details)
    message.createdAt = toTimestamp(row.created_at)
    message.modifiedAt = toTimestamp(row.modified_at)
    showMembers(message)
  }
  await showTaskConcepts(
    call,
    items.map(({ message }) => message),
  )
}

/** Names and places of the app's own concepts, and the ids where older clients look for them. */
async function showTaskConcepts(call: Call, messages: readonly Task[]): Promise<void> {
  const app = requireApp(call.target)
  const ofPeople = messages.filter((task) => !isAuto(task)).flatMap(({ concepts }) => concepts)
  const ids = ofPeople.flatMap(({ concept }) => concept?.id || [])
  const known = await conceptsById(call.services.db.read, app.pk, [...new Set(ids)])
  for (const { concept } of ofPeople) {
    if (!concept) continue
    concept.name = known.get(concept.id)?.name ?? concept.name
    concept.appId = app.id
    concept.userId = app.user.id
  }
  for (const task of messages) task.conceptIds = task.concepts.flatMap(({ concept }) => concept?.id || [])
}
