import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import type { TestServer } from '../kit/server.ts'
import { dynamicTask, onTaskStage, taskCalls } from '../kit/tasks.ts'
import { onEachEngine } from '../store/kit.ts'

const { LABEL_ORDER_PENDING, LABEL_ORDER_IN_PROGRESS, LABEL_ORDER_SUCCESS, LABEL_ORDER_CANCELED } = StatusCode

onEachEngine('label orders', (engine) => {
  let server: TestServer
  let app: TestApp

  onTaskStage(engine, { app: 'ordered', inputs: 3 }, (stage) => {
    ;({ server, app } = stage)
  })

  const { UA, start, submit, patch: patchTask } = taskCalls(() => ({ server, app }))
  const post = (order: object) =>
    server.call('PostLabelOrders', { ...UA(), labelOrders: [{ task: dynamicTask(['admin']), ...order }] })
  const get = async (labelOrderId: string) =>
    succeeded(await server.call('GetLabelOrder', { ...UA(), labelOrderId })).labelOrder!
  const patch = (order: object, action = 'overwrite') =>
    server.call('PatchLabelOrders', { ...UA(), labelOrders: [order], action })
  const tasksListed = async (wish: object = {}) =>
    succeeded(await server.call('ListTasks', { ...UA(), ...wish })).tasks.map(({ labelOrderId }) => labelOrderId)

  test('bring a task of their own, which is listed only where it is asked for', async () => {
    const [order] = succeeded(await post({ id: 'first', name: 'Pets' })).labelOrders
    assert.deepEqual([order!.id, order!.name, order!.status?.code], ['first', 'Pets', LABEL_ORDER_PENDING])
    assert.equal(order!.task?.labelOrderId, 'first')
    assert.ok(order!.createdAt)
    assert.deepEqual(await tasksListed(), [])
    assert.deepEqual(await tasksListed({ includingLabelOrderTasks: true }), ['first'])
    assert.deepEqual(await tasksListed({ labelOrderIds: ['first'] }), ['first'])
    succeeded(await post({ name: 'second' }))
    const { labelOrders } = succeeded(await server.call('ListLabelOrders', UA()))
    assert.deepEqual(
      labelOrders.map(({ name }) => name),
      ['second', 'Pets'],
    )
    assert.equal(labelOrders[1]?.task?.id, order!.task?.id)
  })

  test('are refused with a task that would be, all or none', async () => {
    refused(await post({ task: undefined }), StatusCode.CONN_INVALID_REQUEST, /has no task/)
    refused(await post({ task: dynamicTask(['nobody']) }), StatusCode.TASK_PERMISSION_DENIED)
    assert.deepEqual(succeeded(await server.call('ListLabelOrders', UA())).labelOrders, [])
    const request = { ...UA(), labelOrderId: 'nothing' }
    refused(await server.call('GetLabelOrder', request), StatusCode.CONN_DOES_NOT_EXIST, /no label order 'nothing'/)
  })

  test('begin with the first labelling and are released when the task is done, if they say so', async () => {
    const [order] = succeeded(await post({ id: 'o', autoRelease: true, allowEmptyTag: true })).labelOrders
    const taskId = order!.task!.id
    const taskAssignments = await start(taskId, server.admin)
    assert.equal((await get('o')).status?.code, LABEL_ORDER_IN_PROGRESS)
    const ids = taskAssignments.map(({ id }) => id)
    succeeded(await submit(taskId, server.admin, ids))
    succeeded(await patchTask({ id: taskId, status: { code: StatusCode.TASK_DONE } }))
    const done = await get('o')
    assert.deepEqual([done.status?.code, done.autoRelease], [LABEL_ORDER_SUCCESS, true])
  })

  test('take no input without an annotation unless they allow it', async () => {
    const [order] = succeeded(await post({ id: 'o' })).labelOrders
    const taskId = order!.task!.id
    const [one, two] = await start(taskId, server.admin)
    const annotations = [{ inputId: one!.input!.id, taskId, data: { concepts: [{ id: 'dog', value: 1 }] } }]
    succeeded(await server.call('PostAnnotations', { ...UA(), annotations }))
    refused(
      await submit(taskId, server.admin, [one!.id, two!.id]),
      StatusCode.CONN_INVALID_REQUEST,
      /input 'i001' has no annotation/,
    )
    succeeded(await submit(taskId, server.admin, [one!.id]))
    succeeded(await patch({ id: 'o', allowEmptyTag: true }))
    succeeded(await submit(taskId, server.admin, [two!.id]))
  })

  test('are for those who work on the app alone, however public it is', async () => {
    const owner = await server.makeUser(`owner-${app.pk}`, Visible.PUBLIC)
    app = await makeApp(server, `shown-${app.pk}`, { owner, visibility: Visible.PUBLIC })
    const stranger = await server.makeUser(`stranger-${app.pk}`)
    const labelOrders = [{ id: 'o', task: dynamicTask([owner.id]) }]
    succeeded(await server.call('PostLabelOrders', { ...UA(), labelOrders }, { key: owner.pat }))
    const as = { key: stranger.pat }
    succeeded(await server.call('ListTasks', { ...UA(), includingLabelOrderTasks: true }, as))
    refused(await server.call('ListLabelOrders', UA(), as), StatusCode.CONN_INSUFFICIENT_SCOPES, /collaborators/)
    const one = { ...UA(), labelOrderId: 'o' }
    refused(await server.call('GetLabelOrder', one, as), StatusCode.CONN_INSUFFICIENT_SCOPES, /collaborators/)
    assert.equal(succeeded(await server.call('ListLabelOrders', UA(), { key: owner.pat })).labelOrders.length, 1)
  })

  test('leave their task when they are deleted, so that a later order of the same id does not have it', async () => {
    const [old] = succeeded(await post({ id: 'o', autoRelease: true })).labelOrders
    succeeded(await server.call('DeleteLabelOrders', { ...UA(), ids: ['o'] }))
    assert.deepEqual(await tasksListed(), [''], 'a task like any other')
    const [order] = succeeded(await post({ id: 'o', autoRelease: true })).labelOrders
    assert.notEqual(order!.task?.id, old!.task!.id)
    assert.deepEqual(await tasksListed({ labelOrderIds: ['o'] }), ['o'])
    succeeded(await patchTask({ id: old!.task!.id, status: { code: StatusCode.TASK_DONE } }))
    assert.equal((await get('o')).status?.code, LABEL_ORDER_PENDING)
    succeeded(await server.call('DeleteTasks', { ...UA(), ids: [order!.task!.id] }))
    assert.equal((await get('o')).task, undefined)
  })

  test('are patched, and cancelled; deleting one leaves its task as it is', async () => {
    const [order] = succeeded(await post({ id: 'o', name: 'old' })).labelOrders
    const [patched] = succeeded(await patch({ ...order!, name: 'new' }, 'merge')).labelOrders
    assert.deepEqual([patched!.name, patched!.task?.id], ['new', order!.task?.id])
    const [gone] = succeeded(await patch({ id: 'o', status: { code: LABEL_ORDER_CANCELED } })).labelOrders
    assert.equal(gone!.status?.code, LABEL_ORDER_CANCELED)
    refused(await patch({ id: 'o', status: { code: 1 } }), StatusCode.CONN_INVALID_REQUEST, /use one of/)
    refused(await patch({ id: 'x' }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await server.call('DeleteLabelOrders', { ...UA(), ids: ['x'] }), StatusCode.CONN_DOES_NOT_EXIST)
    succeeded(await server.call('DeleteLabelOrders', { ...UA(), ids: ['o'] }))
    const task = succeeded(await server.call('GetTask', { ...UA(), taskId: order!.task!.id })).task!
    assert.equal(task.status?.code, StatusCode.TASK_IN_PROGRESS)
    succeeded(await server.call('DeleteApp', UA()))
    await server.services.jobs.idle()
    const rows = server.services.db.read.selectFrom('label_orders').selectAll().where('app_pk', '=', app.pk)
    assert.deepEqual(await rows.execute(), [])
  })
})
