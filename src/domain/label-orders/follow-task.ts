import { create } from '@bufbuild/protobuf'
import { type LabelOrder, LabelOrderSchema, StatusSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { labelOrders as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'

type OfOrder = Pick<Row<'tasks'>, 'app_pk' | 'label_order_id'>

/** The label order that a task belongs to. */
export async function orderOf(tx: Writer, { app_pk, label_order_id }: OfOrder): Promise<LabelOrder | undefined> {
  const row = label_order_id === '' ? undefined : await rows.get(tx, app_pk, label_order_id)
  return row && decodeDoc(LabelOrderSchema, row.doc)
}

/** Whether a task is that of an order that nobody has worked on. */
export async function orderIsPending(db: Reader, { app_pk, label_order_id }: OfOrder): Promise<boolean> {
  const row = label_order_id === '' ? undefined : await rows.get(db, app_pk, label_order_id)
  return row?.status_code === StatusCode.LABEL_ORDER_PENDING
}

/** Says of an order that its task is worked on; one that was begun, released or cancelled stays as it is. */
export const orderBegins = (tx: Writer, task: OfOrder, now: number): Promise<void> =>
  moveOrder(tx, task, [StatusCode.LABEL_ORDER_PENDING], StatusCode.LABEL_ORDER_IN_PROGRESS, now)

/** Releases an order whose task is done, if that is to happen by itself. */
export async function orderIsDone(tx: Writer, task: OfOrder, now: number): Promise<void> {
  if (!(await orderOf(tx, task))?.autoRelease) return
  const open = [StatusCode.LABEL_ORDER_PENDING, StatusCode.LABEL_ORDER_IN_PROGRESS]
  await moveOrder(tx, task, open, StatusCode.LABEL_ORDER_SUCCESS, now)
}

async function moveOrder(
  tx: Writer,
  { app_pk, label_order_id }: OfOrder,
  from: readonly number[],
  code: StatusCode,
  now: number,
): Promise<void> {
  const row = label_order_id === '' ? undefined : await rows.get(tx, app_pk, label_order_id)
  if (!row || !from.includes(row.status_code)) return
  const order = decodeDoc(LabelOrderSchema, row.doc)
  order.status = create(StatusSchema, { code })
  await rows.update(tx, row, { status_code: code, doc: encodeDoc(order) }, now)
}
