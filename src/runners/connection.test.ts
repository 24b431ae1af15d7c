import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
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

const RUNNER = { pk: 1, userPk: 2, nodepoolPk: null, modelPk: 3, versionPk: 0, labels: [] }
const WORK = { modelPk: 3, versionPk: 4, ownerPk: 2, labels: [] }
const request = create(PostModelOutputsRequestSchema, { modelId: 'echo' })
const { signal } = new AbortController()

const first = async (answers: AsyncIterable<MultiOutputResponse>): Promise<MultiOutputResponse> => {
  for await (const answer of answers) return answer
  throw new Error('no answer')
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
