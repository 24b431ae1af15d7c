import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import {
  type MultiOutputResponse,
  MultiOutputResponseSchema,
  type MultiRunnerItemResponse,
  type PostModelOutputsRequest,
  PostModelOutputsRequestSchema,
  PostRunnerItemOutputsRequestSchema,
} from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { RunnerConnection } from './connection.ts'
import { RunnerHub } from './hub.ts'
import type { Order } from './item.ts'
import type { RunnerIs } from './work.ts'

const RUNNER = { pk: 1, userPk: 2, nodepoolPk: null, modelPk: 3, versionPk: 0, labels: [] }
const WORK = { modelPk: 3, versionPk: 4, ownerPk: 2, labels: [] }
const request = create(PostModelOutputsRequestSchema, { modelId: 'echo' })
const { signal } = new AbortController()

const first = async (answers: AsyncIterable<MultiOutputResponse>): Promise<MultiOutputResponse> => {
  for await (const answer of answers) return answer
  throw new Error('no answer')
}
const said = (...outputs: object[]) => ({
  response: { case: 'multiOutputResponse' as const, value: create(MultiOutputResponseSchema, { outputs }) },
})
const turns = async (): Promise<void> => {
  for (let at = 0; at < 20; at++) await new Promise((done) => setImmediate(done))
}
const connect = (hub: RunnerHub, renew: () => Promise<RunnerIs | AppError> = async () => RUNNER) => {
  const connection = new RunnerConnection(hub, new Map(), RUNNER, renew)
  hub.ready(connection)
  const outgoing = connection.outgoing[Symbol.asyncIterator]()
  const answer = (runnerItemId: string, ...runnerItemOutputs: ReturnType<typeof said>[]) =>
    connection.receive(create(PostRunnerItemOutputsRequestSchema, { runnerItemId, runnerItemOutputs }))
  return { connection, outgoing, answer }
}
const next = async (messages: AsyncIterator<MultiRunnerItemResponse, void>) => {
  const { value, done } = await messages.next()
  assert.ok(!done && value)
  return value
}

test('a runner that could not be looked up fails the item alone, and gets the next one', async () => {
  const hub = new RunnerHub()
  let isAway = true
  const connection = new RunnerConnection(hub, new Map(), RUNNER, async () => {
    if (isAway) throw new Error('the database is away')
    return RUNNER
  })
  hub.ready(connection)
  const outgoing = connection.outgoing[Symbol.asyncIterator]()
  const order: Order = { work: WORK, kind: 'unary', request }
  await assert.rejects(first(hub.run(order, signal)), /away/)
  isAway = false
  const answer = first(hub.run(order, signal))
  const [item] = (await next(outgoing)).runnerItems
  const response = { case: 'multiOutputResponse' as const, value: create(MultiOutputResponseSchema, { outputs: [{}] }) }
  await connection.receive(
    create(PostRunnerItemOutputsRequestSchema, { runnerItemId: item!.id, runnerItemOutputs: [{ response }] }),
  )
  assert.equal((await answer).outputs.length, 1)
  connection.close()
})

test('a stream whose further requests fail is cancelled at the runner', async () => {
  const hub = new RunnerHub()
  const connection = new RunnerConnection(hub, new Map(), RUNNER, async () => RUNNER)
  hub.ready(connection)
  const outgoing = connection.outgoing[Symbol.asyncIterator]()
  // biome-ignore lint/correctness/useYield: it fails before the first.
  const more = (async function* (): AsyncGenerator<PostModelOutputsRequest> {
    throw new Error('the caller sent nonsense')
  })()
  await assert.rejects(first(hub.run({ work: WORK, kind: 'stream', request, more }, signal)), /nonsense/)
  assert.equal((await next(outgoing)).runnerItems[0]?.request.case, 'postModelOutputsRequest')
  assert.equal((await next(outgoing)).status?.code, StatusCode.RUNNER_ITEM_CANCELLED)
  connection.close()
})

test('a connection that ended leaves its item to who has it now, whatever becomes of its own look-up', async () => {
  for (const end of ['resolve', 'reject'] as const) {
    const hub = new RunnerHub({ attemptsMax: 1 })
    const lookUp = Promise.withResolvers<RunnerIs>()
    const first = connect(hub, () => lookUp.promise)
    const caller = new AbortController()
    const answers = hub.run({ work: WORK, kind: 'generate', request }, caller.signal)
    const piece = answers.next()
    const second = connect(hub)
    first.connection.close()
    // Nothing of it was sent, so this was no attempt.
    const [item] = (await next(second.outgoing)).runnerItems
    if (end === 'resolve') lookUp.resolve(RUNNER)
    else lookUp.reject(new Error('the database is away'))
    await turns()
    await second.answer(item!.id, said({}))
    assert.equal((await piece).value?.outputs.length, 1)
    caller.abort()
    assert.equal((await next(second.outgoing)).status?.code, StatusCode.RUNNER_ITEM_CANCELLED)
    second.connection.close()
  }
})

test('answers to what a runner has not read yet wait until it has, so that it is not given ever more', async () => {
  const hub = new RunnerHub({ requestsMax: 1 })
  const { connection, outgoing, answer } = connect(hub)
  let answered = 0
  const asked = [1, 2].map(async () => {
    await first(hub.run({ work: WORK, kind: 'unary', request }, signal))
    answered += 1
  })
  const blind = answer('', said({}))
  await turns()
  assert.equal(answered, 0)
  await next(outgoing)
  await Promise.all([blind, asked[0]])
  const [other] = (await next(outgoing)).runnerItems
  await answer(other!.id, said({}))
  await Promise.all(asked)
  connection.close()
})

test('a stream toward a runner that reads slowly waits, and loses nothing', async () => {
  const hub = new RunnerHub({ requestsMax: 2 })
  const { connection, outgoing } = connect(hub)
  let read = 0
  const more = (async function* () {
    for (; read < 6; read++) yield create(PostModelOutputsRequestSchema, { modelId: `${read}` })
  })()
  const answers = hub.run({ work: WORK, kind: 'stream', request, more }, signal)
  const piece = answers.next()
  await turns()
  assert.ok(read <= 2, `${read} requests are read while the runner takes none`)
  const sent: string[] = []
  for (;;) {
    const { status, runnerItems } = await next(outgoing)
    if (status?.code === StatusCode.RUNNER_STREAM_END) break
    const message = runnerItems[0]!.request
    assert.ok(message.case === 'postModelOutputsRequest')
    sent.push(message.value.modelId)
  }
  assert.deepEqual(sent, ['echo', '0', '1', '2', '3', '4', '5'])
  connection.close()
  await assert.rejects(piece, { code: StatusCode.RUNNER_NEEDS_RETRY })
})

test('a runner that answers one prediction twice is neither told to stop nor given two', async () => {
  const hub = new RunnerHub()
  const { connection, outgoing, answer } = connect(hub)
  const ask = () => first(hub.run({ work: WORK, kind: 'unary', request }, signal))
  const asked = ask()
  const [item] = (await next(outgoing)).runnerItems
  await answer(item!.id, said({ id: 'one' }), said({ id: 'two' }))
  await answer(item!.id, said({ id: 'three' }))
  assert.equal((await asked).outputs[0]?.id, 'one')
  const again = ask()
  const [other] = (await next(outgoing)).runnerItems
  assert.equal(other?.request.case, 'postModelOutputsRequest')
  await answer(item!.id, said({ id: 'late' }))
  await answer(other!.id, said({ id: 'right' }))
  assert.equal((await again).outputs[0]?.id, 'right')
  connection.close()
})

test('an item that its runner may not have any more goes to another, a stream too, and costs no attempt', async () => {
  const gone = new AppError(StatusCode.RUNNER_DOES_NOT_EXIST, 'gone')
  for (const found of [gone, { ...RUNNER, modelPk: 7 }]) {
    const hub = new RunnerHub({ attemptsMax: 1 })
    const old = connect(hub, async () => found)
    const more = (async function* () {})()
    const piece = hub.run({ work: WORK, kind: 'stream', request, more }, signal).next()
    const { connection, outgoing, answer } = connect(hub)
    const [item] = (await next(outgoing)).runnerItems
    await answer(item!.id, said({}))
    assert.equal((await piece).value?.outputs.length, 1)
    if (found === gone) await assert.rejects(old.outgoing.next(), gone)
    connection.close()
    old.connection.close()
  }
})

test('predictions that are too many are told whether there is no runner or they are all busy', async () => {
  const hub = new RunnerHub({ waitingMax: 1, bytesMax: 10 })
  const caller = new AbortController()
  const ask = (raw = '') => {
    const asked = create(PostModelOutputsRequestSchema, { inputs: [{ data: { text: { raw } } }] })
    return hub.run({ work: WORK, kind: 'unary', request: asked }, caller.signal).next()
  }
  const refused = (message: RegExp) => ({ code: StatusCode.MODEL_BUSY_PLEASE_RETRY, message })
  const waiting = [ask()]
  await assert.rejects(ask(), refused(/no runner of it is connected/))
  const { connection } = connect(hub)
  waiting.push(ask())
  await assert.rejects(ask(), refused(/all runners of it are busy/))
  await assert.rejects(ask('x'.repeat(11)), refused(/bytes/))
  caller.abort()
  await Promise.allSettled(waiting)
  connection.close()
})

test('an answer that comes too late is let go, and its runner gets the next item', async () => {
  const end = { status: { code: StatusCode.RUNNER_STREAM_END } }
  for (const kind of ['unary', 'generate'] as const) {
    const hub = new RunnerHub({ workMs: 1 })
    const { connection, outgoing, answer } = connect(hub)
    const late = first(hub.run({ work: WORK, kind, request }, signal))
    await assert.rejects(late, { code: StatusCode.RPC_REQUEST_TIMEOUT })
    const [item] = (await next(outgoing)).runnerItems
    assert.equal((await next(outgoing)).status?.code, StatusCode.RUNNER_ITEM_CANCELLED)
    await answer(item!.id, said({ id: 'late' }))
    const message = create(PostRunnerItemOutputsRequestSchema, { runnerItemId: item!.id, ...end })
    if (kind === 'generate') await connection.receive(message)
    const caller = new AbortController()
    const ignored = hub.run({ work: WORK, kind, request }, caller.signal).next()
    assert.notEqual((await next(outgoing)).runnerItems[0]!.id, item!.id)
    caller.abort(new Error('enough'))
    await assert.rejects(ignored)
    connection.close()
  }
})

test('a runner that waits for work is looked up now and then: what it is made for now, and that it is gone', async () => {
  const hub = new RunnerHub({ renewMs: 1 })
  let now: RunnerIs | AppError = RUNNER
  const { outgoing } = connect(hub, async () => {
    if (now === RUNNER) throw new Error('the database is away')
    return now
  })
  const other = { ...WORK, modelPk: 7 }
  const caller = new AbortController()
  const waiting = hub.run({ work: other, kind: 'unary', request }, caller.signal).next()
  now = { ...RUNNER, modelPk: 7 }
  assert.equal((await next(outgoing)).runnerItems[0]?.request.case, 'postModelOutputsRequest')
  caller.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
  const gone = new AppError(StatusCode.RUNNER_DOES_NOT_EXIST, 'gone')
  const idle = connect(hub, async () => now)
  now = gone
  await assert.rejects(idle.outgoing.next(), gone)
  assert.equal(hub.isServed({ ...WORK, modelPk: 3 }), false)
})
