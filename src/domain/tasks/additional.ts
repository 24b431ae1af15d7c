import { create, type Message } from '@bufbuild/protobuf'
import { type Task, type TaskMetrics, TaskMetricsSchema, type User } from '../../contract/index.ts'
import { users } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { withoutFields } from '../resource/fields.ts'
import { colleague, publicUser } from '../users/present.ts'
import { fillMetrics } from './metrics.ts'
import { showMembers } from './workers.ts'

/** A task that is about to be answered, with its row. */
export interface ShownTask {
  readonly row: Row<'tasks'>
  readonly message: Task
}

/** Fills what a request wants beside the tasks themselves: `all`, or some of it by name. */
export async function fillAdditional(
  call: Call,
  items: readonly ShownTask[],
  fields: readonly string[],
): Promise<void> {
  const wants = (field: string): boolean =>
    fields.includes('all') || fields.some((named) => named === field || field.startsWith(`${named}.`))
  const ofWork = wants('worker.users') ? items.flatMap(({ message }) => peopleOf(message)) : []
  const ofReview = wants('review.users') ? items.flatMap(({ message }) => message.review?.users ?? []) : []
  await fillUsers(call, [...ofWork, ...ofReview])
  for (const { message } of items) showMembers(message)
  const metrics = METRICS.filter((field) => wants(`metrics.${field}`))
  if (metrics.length === 0) return
  await fillMetrics(call, items)
  for (const { message } of items) message.metrics = only(message.metrics!, metrics)
}

/** What of the metrics can be asked for by itself. */
const METRICS = [
  'input_source.inputs_count_estimated',
  'work.inputs_count_estimated',
  'work.inputs_percent_estimated',
  'review.inputs_count_estimated',
  'review.inputs_count_estimated_per_reviewer',
  'review.inputs_percent_estimated',
  'review.inputs_percent_estimated_per_reviewer',
  'review.inputs_reviewable_count_estimated_per_reviewer',
]

/** Metrics with those fields alone that were asked for. */
function only(metrics: TaskMetrics, fields: readonly string[]): TaskMetrics {
  const kept = create(TaskMetricsSchema)
  for (const part of TaskMetricsSchema.fields) {
    if (part.fieldKind !== 'message') continue
    const named = fields.flatMap((field) =>
      field.startsWith(`${part.name}.`) ? field.slice(part.name.length + 1) : [],
    )
    if (named.length === 0) continue
    const from = metrics as unknown as Record<string, Message>
    const others = part.message.fields.map(({ name }) => name).filter((name) => !named.includes(name))
    Object.assign(kept, { [part.localName]: withoutFields(part.message, from[part.localName]!, others) })
  }
  return kept
}

const peopleOf = ({ worker }: Task): User[] =>
  (worker?.workers ?? []).flatMap(({ worker: one }) => (one.case === 'user' ? [one.value] : []))

/** Puts all that the caller may see of people into messages that have only their ids. */
async function fillUsers({ services, target }: Call, named: readonly User[]): Promise<void> {
  const known = await users.getMany(
    services.db.read,
    0,
    named.map(({ id }) => id),
  )
  const show = target.rights === 'viewer' ? publicUser : colleague
  for (const user of named) {
    const row = known.get(user.id)
    if (row) Object.assign(user, show(row))
  }
}
