import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import type { Runtime } from '../protocol.ts'
import { folderHas } from '../test-engines.ts'
import { answerOf, OBEY, order, planOf, startRuntime, temporaryFolder } from '../test-kit.ts'

const OPTIONS = { sampleMs: 1000 }
const never = new AbortController().signal

test('answers come in the order of the inputs, whichever worker made them', async (t) => {
  const runtime = startRuntime(t, { workers: 2 })
  await runtime.ready()
  const texts = Array.from({ length: 20 }, (_, at) => `text ${at}`)
  const inputs = texts.map((text) => order({ do: 'echo', text }))
  const results = await runtime.run(OBEY, {}, inputs, OPTIONS, never)
  assert.deepEqual(
    results.map((result) => answerOf(result).text),
    texts,
  )
})

test('the inputs of one request are spread over idle workers', async (t) => {
  const folder = await temporaryFolder(t)
  const runtime = startRuntime(t, { workers: 3 })
  // Each input waits for the other two, so one process alone would never finish.
  const inputs = Array.from({ length: 3 }, () => order({ do: 'meet', folder, count: 3 }))
  const results = await runtime.run(OBEY, {}, inputs, OPTIONS, never)
  assert.equal(new Set(results.map((result) => answerOf(result).pid)).size, 3)
})

test('megabytes of media and of answers pass unchanged', async (t) => {
  const runtime = startRuntime(t)
  const image = new Uint8Array(5_000_000).map((_, at) => at % 251)
  const sum = image.reduce((total, byte) => total + byte, 0)
  const plan = planOf('test-obey', ['text', 'image'])
  const inputs = [order({ do: 'big', size: 3_000_000 }, image), order({ do: 'echo', text: 'ä' }, image.subarray(0, 0))]
  const [first, second] = await runtime
    .run(plan, {}, [inputs[0]!], OPTIONS, never)
    .then(async (results) => [
      answerOf(results[0]),
      answerOf((await runtime.run(OBEY, {}, [inputs[1]!], OPTIONS, never))[0]),
    ])
  assert.equal(first!.imageSum, sum)
  assert.equal(first!.text.length, 3_000_000)
  assert.equal(second!.text, 'ä')
})

test('a text comes piece by piece to those who listen, before the whole', async (t) => {
  const runtime = startRuntime(t)
  const pieces = ['Well', ', ', 'hello']
  const heard: string[] = []
  const input = [order({ do: 'say', pieces })]
  const listen = { ...OPTIONS, onText: (piece: string) => heard.push(piece) }
  const [result] = await runtime.run(OBEY, {}, input, listen, never)
  assert.deepEqual(heard, pieces)
  assert.equal(answerOf(result).text, 'Well, hello')
  const [quiet] = await runtime.run(OBEY, {}, input, OPTIONS, never)
  assert.equal(answerOf(quiet).text, 'Well, hello')
  // Of two inputs nobody could tell whose piece it is.
  await runtime.run(OBEY, {}, [...input, ...input], listen, never)
  assert.deepEqual(heard, pieces)
})

test('what was said is not said again when the worker dies in the middle', async (t) => {
  const runtime = startRuntime(t)
  const heard: string[] = []
  const listen = { ...OPTIONS, onText: (piece: string) => heard.push(piece) }
  const [result] = await runtime.run(OBEY, {}, [order({ do: 'say', pieces: ['Well'], die: true })], listen, never)
  assert.equal(result!.nodes[0]!.code, StatusCode.MODEL_PREDICTION_FAILED)
  assert.match(result!.nodes[0]!.details, /in the middle of its answer; try again/)
  assert.ok(heard.length <= 1)
})

test('work whose worker is killed from outside is done again by another one', async (t) => {
  const folder = await temporaryFolder(t)
  const runtime = startRuntime(t)
  const running = runtime.run(OBEY, {}, [order({ do: 'wait', folder })], OPTIONS, never)
  let victim = 0
  await folderHas(folder, (names) => {
    victim = Number(names[0] ?? 0)
    return victim > 0
  })
  process.kill(victim, 'SIGKILL')
  await writeFile(path.join(folder, 'go'), '')
  const answer = answerOf((await running)[0])
  assert.equal(answer.text, 'waited')
  assert.notEqual(answer.pid, victim)
})

test('a worker that crashes once is replaced and the input answered', async (t) => {
  const file = path.join(await temporaryFolder(t), 'crashed')
  const runtime = startRuntime(t)
  const results = await runtime.run(OBEY, {}, [order({ do: 'crash-once', file })], OPTIONS, never)
  assert.equal(answerOf(results[0]).text, 'survived')
})

test('an input that kills every worker fails alone', async (t) => {
  const runtime = startRuntime(t, { workers: 2 })
  const inputs = Array.from({ length: 6 }, (_, at) => order(at === 2 ? { do: 'crash' } : { do: 'echo', text: `${at}` }))
  const results = await runtime.run(OBEY, {}, inputs, OPTIONS, never)
  const codes = results.map((result) => result.nodes[0]?.code)
  const { SUCCESS, MODEL_PREDICTION_FAILED } = StatusCode
  assert.deepEqual(codes, [SUCCESS, SUCCESS, MODEL_PREDICTION_FAILED, SUCCESS, SUCCESS, SUCCESS])
  assert.equal(answerOf(results[5]).text, '5')
})

test('a cancelled request ends at once, and a worker that listens goes on living', async (t) => {
  const folder = await temporaryFolder(t)
  const runtime = startRuntime(t)
  const abort = new AbortController()
  const running = runtime.run(OBEY, {}, [order({ do: 'wait', folder })], OPTIONS, abort.signal)
  let pid = ''
  await folderHas(folder, (names) => {
    pid = names[0] ?? ''
    return pid !== ''
  })
  abort.abort()
  await assert.rejects(running, { code: StatusCode.RPC_CANCELED })
  const [result] = await runtime.run(OBEY, {}, [order({ do: 'echo', text: 'next' })], OPTIONS, never)
  assert.equal(answerOf(result).pid, Number(pid))
})

test('a worker that is deaf to cancellation is killed and replaced', async (t) => {
  const folder = await temporaryFolder(t)
  const runtime = startRuntime(t, { limits: { cancelGraceMs: 1 } })
  const abort = new AbortController()
  const spinning = order({ do: 'spin', file: path.join(folder, 'spinning') })
  const running = runtime.run(OBEY, {}, [spinning], OPTIONS, abort.signal)
  await folderHas(folder, (names) => names.includes('spinning'))
  abort.abort()
  await assert.rejects(running, { code: StatusCode.RPC_CANCELED })
  const [result] = await runtime.run(OBEY, {}, [order({ do: 'echo', text: 'alive' })], OPTIONS, never)
  assert.equal(answerOf(result).text, 'alive')
})

test('a deadline is told apart from a cancellation', async (t) => {
  const folder = await temporaryFolder(t)
  const runtime = startRuntime(t)
  const running = runtime.run(OBEY, {}, [order({ do: 'wait', folder })], OPTIONS, AbortSignal.timeout(1))
  await assert.rejects(running, { code: StatusCode.RPC_REQUEST_TIMEOUT })
})

test('work that never ends is stopped without a deadline of the caller', async (t) => {
  const file = path.join(await temporaryFolder(t), 'spinning')
  const runtime = startRuntime(t, { limits: { maxWorkMs: 50 } })
  const [result] = await runtime.run(OBEY, {}, [order({ do: 'spin', file })], OPTIONS, never)
  assert.equal(result?.nodes[0]?.code, StatusCode.MODEL_PREDICTION_FAILED)
  assert.match(result?.nodes[0]?.details ?? '', /stopped after 50 milliseconds/)
})

test('a full queue refuses, for one plan and for all', async (t) => {
  const folder = await temporaryFolder(t)
  const runtime = startRuntime(t, { queue: { maxInputs: 3, maxInputsPerPlan: 2 } })
  const wait = (): Promise<unknown> => runtime.run(OBEY, {}, [order({ do: 'wait', folder })], OPTIONS, never)
  const running = [wait()]
  await folderHas(folder, (names) => names.length === 1)
  running.push(wait(), wait())
  await assert.rejects(wait(), { code: StatusCode.MODEL_BUSY_PLEASE_RETRY })
  const other = planOf('test-obey', ['text'], { hash: 'other' })
  running.push(runtime.run(other, {}, [order({ do: 'echo', text: '' })], OPTIONS, never))
  const echo = order({ do: 'echo', text: '' })
  await assert.rejects(runtime.run(other, {}, [echo], OPTIONS, never), { code: StatusCode.RPC_REQUEST_QUEUE_FULL })
  await writeFile(path.join(folder, 'go'), '')
  assert.equal((await Promise.all(running)).length, 4)
})

test('workers that do not start are reported, and nothing waits for them', async (t) => {
  const engineModule = 'data:text/javascript,throw new Error("no such luck")'
  const runtime = startRuntime(t, { engineModule, maxStartFailures: 2, limits: { startBackoffMs: 1 } })
  const early = runtime.run(OBEY, {}, [order({ do: 'echo', text: '' })], OPTIONS, never)
  await assert.rejects(early, { code: StatusCode.RPC_SERVER_UNAVAILABLE })
  await assert.rejects(runtime.ready(), /do not start/)
  const late = runtime.run(OBEY, {}, [order({ do: 'echo', text: '' })], OPTIONS, never)
  await assert.rejects(late, /do not start/)
})

test('a worker that has grown too large is replaced after its work', async (t) => {
  const runtime = startRuntime(t, { limits: { maxRssBytes: 1 } })
  const pids = new Set<number>()
  for (let round = 0; round < 3; round++) {
    const [result] = await runtime.run(OBEY, {}, [order({ do: 'echo', text: '' })], OPTIONS, never)
    pids.add(answerOf(result).pid)
  }
  assert.equal(pids.size, 3)
})

test('one request after the other goes to the worker that has the engine loaded', async (t) => {
  const runtime = startRuntime(t, { workers: 2 })
  const weighted = planOf('test-obey', ['text'], {
    hash: 'weighted',
    nodes: OBEY.nodes.map((node) => ({ ...node, weights: ['pretended'] })),
  })
  const pids = new Set<number>()
  for (let round = 0; round < 6; round++) {
    const [result] = await runtime.run(weighted, {}, [order({ do: 'echo', text: '' })], OPTIONS, never)
    pids.add(answerOf(result).pid)
  }
  assert.equal(pids.size, 1)
  const loaded = (await runtime.stats()).flatMap((stats) => stats.engines)
  assert.deepEqual(
    loaded.map(({ name, bytes, calls }) => ({ name, bytes, calls })),
    [{ name: 'test-obey', bytes: 1_000, calls: 6 }],
  )
  await runtime.unload('test-obey')
  assert.deepEqual(
    (await runtime.stats()).flatMap((stats) => stats.engines),
    [],
  )
})

/** Keeps the only worker of a pool busy; what is asked meanwhile waits until the returned function is called. */
async function occupied(t: TestContext, runtime: Runtime): Promise<() => Promise<void>> {
  const folder = await temporaryFolder(t)
  const plan = planOf('test-obey', ['text'], { hash: 'occupation' })
  await runtime.run(OBEY, {}, [order({ do: 'echo', text: 'how fast it is' })], OPTIONS, never)
  const running = runtime.run(plan, {}, [order({ do: 'wait', folder })], OPTIONS, never)
  await folderHas(folder, (names) => names.length === 1)
  return async () => {
    await writeFile(path.join(folder, 'go'), '')
    await running
  }
}

const joining = { workers: 1, joinedWorkMs: Number.MAX_SAFE_INTEGER }
const ask = (runtime: Runtime, text: string, signal = never, options = OPTIONS) =>
  runtime.run(OBEY, {}, [order({ do: 'echo', text })], options, signal).then(([result]) => answerOf(result))

test('requests for the same that wait are worked on together, and each gets its own answer', async (t) => {
  const runtime = startRuntime(t, joining)
  const release = await occupied(t, runtime)
  const asked = ['a', 'b', 'c'].map((text) => ask(runtime, text))
  const apart = ask(runtime, 'other options', never, { sampleMs: 500 })
  await release()
  const answers = await Promise.all(asked)
  assert.deepEqual(
    answers.map(({ text, together }) => [text, together]),
    [
      ['a', 3],
      ['b', 3],
      ['c', 3],
    ],
  )
  assert.equal((await apart).together, 1)
})

test('a request that leaves does not take along those that it was joined with', async (t) => {
  const runtime = startRuntime(t, joining)
  const folder = await temporaryFolder(t)
  const release = await occupied(t, runtime)
  const abort = new AbortController()
  const leaving = runtime.run(OBEY, {}, [order({ do: 'wait', folder })], OPTIONS, abort.signal)
  const left = assert.rejects(leaving, { code: StatusCode.RPC_CANCELED })
  const staying = ask(runtime, 'stays')
  await release()
  await folderHas(folder, (names) => names.length === 1)
  abort.abort()
  await left
  await writeFile(path.join(folder, 'go'), '')
  const { text, together } = await staying
  assert.deepEqual([text, together], ['stays', 2])
})

test('one that kills the worker fails alone also when it was joined with others', async (t) => {
  const runtime = startRuntime(t, joining)
  const release = await occupied(t, runtime)
  const killing = runtime.run(OBEY, {}, [order({ do: 'crash' })], OPTIONS, never)
  const others = ['a', 'b'].map((text) => ask(runtime, text))
  await release()
  assert.equal((await killing)[0]?.nodes[0]?.code, StatusCode.MODEL_PREDICTION_FAILED)
  assert.deepEqual(
    (await Promise.all(others)).map(({ text }) => text),
    ['a', 'b'],
  )
})

test('an engine that nobody knows fails its node with a sentence', async (t) => {
  const runtime = startRuntime(t)
  const [result] = await runtime.run(planOf('nonsense', ['text']), {}, [order({ do: 'crash' })], OPTIONS, never)
  assert.equal(result?.nodes[0]?.code, StatusCode.MODEL_NOT_DEPLOYED)
})

test('closing lets work under way finish and refuses what comes later', async (t) => {
  const folder = await temporaryFolder(t)
  const runtime = startRuntime(t, { closeGraceMs: 60_000 })
  const running = runtime.run(OBEY, {}, [order({ do: 'wait', folder })], OPTIONS, never)
  await folderHas(folder, (names) => names.length === 1)
  const closing = runtime.close()
  const late = runtime.run(OBEY, {}, [order({ do: 'echo', text: '' })], OPTIONS, never)
  await assert.rejects(late, { code: StatusCode.RPC_SERVER_UNAVAILABLE })
  await writeFile(path.join(folder, 'go'), '')
  assert.equal(answerOf((await running)[0]).text, 'waited')
  await closing
})

test('closing does not wait for ever', async (t) => {
  const folder = await temporaryFolder(t)
  const runtime = startRuntime(t, { closeGraceMs: 1 })
  const file = path.join(folder, 'spinning')
  const running = runtime.run(OBEY, {}, [order({ do: 'spin', file })], OPTIONS, never)
  const failed = assert.rejects(running, { code: StatusCode.RPC_SERVER_UNAVAILABLE })
  await folderHas(folder, (names) => names.length > 0)
  await runtime.close()
  await failed
})
