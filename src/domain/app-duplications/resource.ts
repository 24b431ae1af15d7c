import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { AppDuplicationSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { apps as appRows, appDuplications as rows, users } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { standing } from '../access/standing.ts'
import { apps } from '../apps/resource.ts'
import type { Call } from '../call.ts'
import { itemStatus } from '../predict/answer.ts'
import { defineResource } from '../resource/define.ts'
import { present } from '../resource/verbs.ts'

/** The refusal of a duplication that cannot be started. */
export const invalidDuplication = (details: string): AppError =>
  new AppError(StatusCode.APP_DUPLICATION_INVALID_REQUEST, details)

/** Jobs that copy an app into another; each belongs to whoever asked for it. */
export const appDuplications = defineResource({
  kind: 'app duplication',
  desc: AppDuplicationSchema,
  rows,
  parentColumn: 'user_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: StatusCode.APP_DUPLICATION_INVALID_REQUEST,
  },
  checkId: (id) => checkId(id, 'app duplication', StatusCode.APP_DUPLICATION_INVALID_REQUEST),
  makeId: () => newId(),
  serverFields: ['status', 'created_at', 'last_modified_at', 'destination_app', 'existing_app_id', 'new_app_id'],
  patch: { actions: [], fields: [] },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    async present(items, call) {
      const destinations = await visibleApps(
        call,
        items.map(({ row }) => row.destination_pk),
      )
      for (const { row, message } of items) {
        message.destinationApp = destinations.get(row.destination_pk)
        message.status = itemStatus(row.status_code, row.status_details)
        message.createdAt = toTimestamp(row.created_at)
        message.lastModifiedAt = toTimestamp(row.modified_at)
      }
    },
  },
})

/** The apps among those with these pks that the caller sees, as messages by pk. */
async function visibleApps(call: Call, pks: readonly number[]) {
  const { db, directory } = call.services
  const found = [...(await appRows.getManyByPk(db.read, pks)).values()]
  const owners = await users.getManyByPk(
    db.read,
    found.map((row) => row.user_pk),
  )
  const seen: Row<'apps'>[] = []
  for (const row of found) {
    const owner = owners.get(row.user_pk)
    const app = owner && (await directory.app(owner.pk, row.id))
    if (app && (await standing(call, owner, app))) seen.push(row)
  }
  const messages = await present(apps, call, seen)
  return new Map(seen.map(({ pk }, at) => [pk, messages[at]!]))
}
