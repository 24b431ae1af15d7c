import { create } from '@bufbuild/protobuf'
import { checkId, newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type LabelOrder, LabelOrderSchema, StatusSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { labelOrders as rows } from '../../store/repos/families.ts'
import { leaveOrders, tasksOfOrders } from '../../store/repos/tasks.ts'
import { requireApp } from '../access/target.ts'
import { itemStatus } from '../predict/answer.ts'
import { checkTexts } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { present } from '../resource/verbs.ts'
import { invalidTask } from '../tasks/problem.ts'
import { tasks } from '../tasks/resource.ts'

const INVALID = StatusCode.CONN_INVALID_REQUEST
const STATUSES: readonly StatusCode[] = [
  StatusCode.LABEL_ORDER_PENDING,
  StatusCode.LABEL_ORDER_IN_PROGRESS,
  StatusCode.LABEL_ORDER_SUCCESS,
  StatusCode.LABEL_ORDER_CANCELED,
]

/** Label orders: tasks that are ordered, followed by a status of their own until their labels are released. */
export const labelOrders = defineResource({
  kind: 'label order',
  desc: LabelOrderSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'label order', INVALID),
  makeId: () => newId(),
  // The task is a row of its own and is patched by PatchTasks.
  serverFields: ['created_at', 'modified_at', 'task'],
  patch: {
    actions: ['merge', 'overwrite', 'remove'],
    fields: ['name', 'auto_release', 'allow_empty_tag', 'desired_fulfill_time', 'estimate_fulfill_time', 'status'],
  },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    async beforeRemove(removed, call, tx) {
      // The order's id may be used again, and its task goes on as a task like any other.
      const ids = removed === 'all' ? removed : removed.map(({ id }) => id)
      await leaveOrders(tx, requireApp(call.target).pk, ids)
    },
    prepare(order) {
      order.status = create(StatusSchema, { code: StatusCode.LABEL_ORDER_PENDING })
    },
    validate: checkOrder,
    columns: ({ status }) => ({ status_code: status?.code || StatusCode.LABEL_ORDER_PENDING }),
    async present(items, call) {
      const { read } = call.services.db
      const ids = items.map(({ row }) => row.id)
      const found = await tasksOfOrders(read, requireApp(call.target).pk, ids)
      const messages = await present(tasks, call, found)
      for (const { row, message } of items) {
        message.status = itemStatus(row.status_code)
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
        message.task = messages.find(({ labelOrderId }) => labelOrderId === row.id)
      }
    },
  },
})

function checkOrder(order: LabelOrder): void {
  checkTexts({ name: order.name }, INVALID)
  const code = order.status?.code || StatusCode.LABEL_ORDER_PENDING
  if (STATUSES.includes(code)) return
  const allowed = STATUSES.map((one) => `${StatusCode[one]} ${one}`).join(', ')
  throw invalidTask(`A label order cannot have the status ${code}; use one of ${allowed}.`)
}
