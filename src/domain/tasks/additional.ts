import type { Task, User } from '../../contract/index.ts'
import { users } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { colleague, publicUser } from '../users/present.ts'
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
