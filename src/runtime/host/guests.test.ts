import assert from 'node:assert/strict'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { folderHas } from '../test-engines.ts'
import { answerOf, OBEY, order, startRuntime, temporaryFolder } from '../test-kit.ts'
import { withGuests } from './guests.ts'
import type { RuntimeOptions } from './runtime.ts'

const OPTIONS = { sampleMs: 1000 }
const never = new AbortController().signal
const GUEST = { ...OBEY, hash: 'guest' }

function startBoth(t: TestContext, guestOptions: Partial<RuntimeOptions> = {}) {
  let starts = 0
  const runtime = withGuests(
    startRuntime(t),
    (plan) => plan === GUEST,
    () => {
      starts++
      return startRuntime(t, guestOptions)
    },
  )
  return { runtime, starts: () => starts }
}

test('guests have a pool of their own, started with the first of them', async (t) => {
  const { runtime, starts } = startBoth(t)
  await runtime.ready()
  const echo = order({ do: 'echo', text: 'hello' })
  const own = answerOf((await runtime.run(OBEY, {}, [echo], OPTIONS, never))[0])
  assert.equal(starts(), 0)
  const guests = await Promise.all([1, 2].map(() => runtime.run(GUEST, {}, [echo], OPTIONS, never)))
  assert.equal(starts(), 1)
  assert.notEqual(answerOf(guests[0]![0]).pid, own.pid)
  assert.equal((await runtime.stats()).length, 2)
  await runtime.unload()
  await runtime.close()
  await assert.rejects(runtime.run(GUEST, {}, [echo], OPTIONS, never), { code: StatusCode.RPC_SERVER_UNAVAILABLE })
})

test('a guest that hangs is ended while others are served', async (t) => {
  const folder = await temporaryFolder(t)
  const { runtime } = startBoth(t, { limits: { maxWorkMs: 2_000 } })
  const spinning = order({ do: 'spin', file: path.join(folder, 'spinning') })
  const hanging = runtime.run(GUEST, {}, [spinning], OPTIONS, never)
  await folderHas(folder, (names) => names.includes('spinning'))
  const echo = order({ do: 'echo', text: 'still here' })
  assert.equal(answerOf((await runtime.run(OBEY, {}, [echo], OPTIONS, never))[0]).text, 'still here')
  const [result] = await hanging
  assert.equal(result!.nodes[0]!.code, StatusCode.MODEL_PREDICTION_FAILED)
  assert.equal(answerOf((await runtime.run(GUEST, {}, [echo], OPTIONS, never))[0]).text, 'still here')
})

test('a guest that eats memory is ended in the middle of its work', async (t) => {
  const folder = await temporaryFolder(t)
  const { runtime } = startBoth(t, { rssBytesMax: 512 * 1024 * 1024 })
  const eating = order({ do: 'eat', file: path.join(folder, 'eating') })
  const [result] = await runtime.run(GUEST, {}, [eating], OPTIONS, never)
  assert.match(result!.nodes[0]!.details, /stopped unexpectedly/)
  const echo = order({ do: 'echo', text: 'back' })
  assert.equal(answerOf((await runtime.run(GUEST, {}, [echo], OPTIONS, never))[0]).text, 'back')
})
