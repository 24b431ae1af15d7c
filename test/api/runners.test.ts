import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import type { RunnerLimits } from '../../src/runners/limits.ts'
import { Runners } from '../../src/runners/runners.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import { answered, makeServed, said, TestRunner, textsOf } from '../kit/runners.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'

const text = (raw: string) => ({ data: { text: { raw } } })

onEachEngine('runners', (engine) => {
  let server: TestServer
  let ann: TestUser
  let bob: TestUser
  let app: TestApp
  let made = 0

  const start = async (limits: Partial<RunnerLimits> = {}): Promise<void> => {
    server = await startOnEngine(engine, { overrides: { runners: new Runners(limits) } })
    ann = await server.makeUser('ann', Visible.PUBLIC)
    bob = await server.makeUser('bob', Visible.PUBLIC)
    app = await makeApp(server, 'home', { owner: ann, visibility: Visible.PUBLIC })
  }
  before(() => start({ waitingMax: 3, pollMs: 30 }))
  after(() => server[Symbol.asyncDispose]())

  const postRunner = async (runner: object, owner = ann): Promise<string> => {
    const request = { userAppId: { userId: 'me' }, runners: [runner] }
    return succeeded(await server.call('PostRunners', request, { key: owner.pat })).runners[0]!.id
  }
  const workerFor = (modelId: string, versionId = '') => ({
    worker: {
      worker: {
        case: 'model' as const,
        value: { ...app.userAppId, id: modelId, ...(versionId && { modelVersion: { id: versionId } }) },
      },
    },
  })
  /** A model with a runner that is connected. */
  const served = async () => {
    const id = `echo-${made++}`
    const versionId = await makeServed(server, app, id)
    const runnerId = await postRunner(workerFor(id, versionId))
    return { id, versionId, runnerId, runner: new TestRunner(server, runnerId, ann.pat) }
  }
  const predict = (modelId: string, texts: string[], more: object = {}, as: object = { key: ann.pat }) =>
    server.call('PostModelOutputs', { userAppId: app.userAppId, modelId, inputs: texts.map(text), ...more }, as)

  test('a prediction is an item of a runner, and what that answers is the answer', async () => {
    const { id, versionId, runner } = await served()
    const answer = predict(id, ['a', 'b'])
    const item = await runner.item()
    assert.equal(item.processingInfo?.runnerMethodType, 1)
    assert.ok(item.request.case === 'postModelOutputsRequest')
    const { userAppId, modelId, versionId: asked } = item.request.value
    assert.deepEqual([userAppId?.userId, userAppId?.appId, modelId, asked], ['ann', 'home', id, versionId])
    assert.deepEqual(textsOf(item), ['a', 'b'])
    await runner.send(item, said('A', 'B'))
    const { outputs } = succeeded(await answer)
    assert.deepEqual(answered({ outputs }), ['A', 'B'])
    assert.deepEqual([outputs[0]!.model?.id, outputs[0]!.model?.modelVersion?.id], [id, versionId])
    assert.equal(outputs[1]!.input?.data?.text?.raw, 'b')
    // The same stream takes the next one.
    const next = predict(id, ['c'])
    await runner.send(await runner.item(), said('C'))
    assert.deepEqual(answered(succeeded(await next)), ['C'])
    runner.end()
  })

  test('failures of runners are told in their words: of an input, of the whole, of an answer that is none', async () => {
    const { id, runner } = await served()
    const mixed = predict(id, ['a', 'b'])
    const outputs = [
      { status: { code: StatusCode.SUCCESS }, data: { text: { raw: 'A' } } },
      { status: { code: StatusCode.MODEL_PREDICTION_FAILED, details: 'no b' } },
    ]
    const value = { status: { code: StatusCode.MIXED_STATUS }, outputs }
    const response = { case: 'multiOutputResponse' as const, value }
    await runner.send(await runner.item(), { runnerItemOutputs: [{ response }] })
    const answer = await mixed
    assert.equal(answer.status?.code, StatusCode.MIXED_STATUS)
    assert.equal(answer.outputs[1]!.status?.details, 'no b')

    const whole = predict(id, ['a'])
    const status = { code: StatusCode.FAILURE, details: 'out of memory' }
    const failed = { case: 'multiOutputResponse' as const, value: { status, outputs: [] } }
    await runner.send(await runner.item(), { runnerItemOutputs: [{ response: failed }] })
    refused(await whole, StatusCode.FAILURE, /out of memory/)

    const short = predict(id, ['a', 'b'])
    await runner.send(await runner.item(), said('A'))
    refused(await short, StatusCode.RUNNER_PROCESSING_FAILED, /1 outputs to 2 inputs/)
    runner.end()
  })

  test('GenerateModelOutputs passes pieces on as they come, until the runner ends', async () => {
    const { id, runner } = await served()
    const request = { userAppId: app.userAppId, modelId: id, inputs: [text('a')] }
    const stream = server.streamOf('GenerateModelOutputs', [request], { key: ann.pat })
    const first = stream.next()
    const item = await runner.item()
    assert.equal(item.processingInfo?.runnerMethodType, 2)
    await runner.send(item, said('one'))
    assert.deepEqual(answered(succeeded((await first).value!)), ['one'])
    await runner.send(item, said('two'))
    assert.deepEqual(answered(succeeded((await stream.next()).value!)), ['two'])
    await runner.send(item, { status: { code: StatusCode.RUNNER_STREAM_END } })
    assert.equal((await stream.next()).done, true)
    // Others end their answer by ending their stream.
    const other = server.stream('GenerateModelOutputs', [request], { key: ann.pat })
    await runner.send(await runner.item(), said('x'))
    runner.end()
    assert.deepEqual((await other).map(answered), [['x']])
  })

  test('StreamModelOutputs hands each request on, and its end', async () => {
    const { id, runner } = await served()
    const request = (raw: string) => ({ userAppId: app.userAppId, modelId: id, inputs: [text(raw)] })
    const answers = server.stream('StreamModelOutputs', [request('a'), request('b')], { key: ann.pat })
    const item = await runner.item()
    assert.deepEqual([item.processingInfo?.runnerMethodType, textsOf(item)], [4, ['a']])
    await runner.send(item, said('A'))
    const second = await runner.item()
    assert.deepEqual([second.id, textsOf(second)], [item.id, ['b']])
    await runner.send(item, said('B'))
    assert.equal((await runner.next()).status?.code, StatusCode.RUNNER_STREAM_END)
    await runner.send(item, { status: { code: StatusCode.RUNNER_STREAM_END } })
    assert.deepEqual((await answers).map(answered), [['A'], ['B']])
    runner.end()
  })

  test('a caller who goes cancels the item, on the stream of work and on the control stream', async () => {
    const { id, runnerId, runner } = await served()
    const control = new TestRunner(server, `control-${runnerId}`, ann.pat)
    const told = control.next()
    const caller = new AbortController()
    const answer = predict(id, ['a'], {}, { key: ann.pat, signal: caller.signal })
    const item = await runner.item()
    caller.abort()
    await answer
    const notice = await runner.next()
    assert.equal(notice.status?.code, StatusCode.RUNNER_ITEM_CANCELLED)
    assert.equal(notice.runnerItems[0]!.id, item.id)
    const { runnerItems } = await told
    assert.equal(runnerItems[0]!.processingInfo?.status?.code, StatusCode.RUNNER_ITEM_CANCELLED)
    assert.equal(runnerItems[0]!.id, item.id)
    control.end()
    runner.end()
  })

  test('a runner that vanishes: another one does it, but nothing is done a third time or told twice', async () => {
    const { id, runnerId, runner } = await served()
    const answer = predict(id, ['a'])
    await runner.item()
    const second = new TestRunner(server, runnerId, ann.pat)
    const taken = second.item()
    runner.vanish()
    await second.send(await taken, said('A'))
    assert.deepEqual(answered(succeeded(await answer)), ['A'])

    const lost = predict(id, ['b'])
    await second.item()
    const third = new TestRunner(server, runnerId, ann.pat)
    const again = third.item()
    second.vanish()
    await again
    third.vanish()
    refused(await lost, StatusCode.RUNNER_NEEDS_RETRY, /vanished/)

    const fourth = new TestRunner(server, runnerId, ann.pat)
    const request = { userAppId: app.userAppId, modelId: id, inputs: [text('c')] }
    const stream = server.streamOf('GenerateModelOutputs', [request], { key: ann.pat })
    const half = stream.next()
    await fourth.send(await fourth.item(), said('half'))
    assert.deepEqual(answered((await half).value!), ['half'])
    fourth.vanish()
    refused((await stream.next()).value!, StatusCode.RUNNER_NEEDS_RETRY)
  })

  test('too many that wait are refused; those that wait get their turn', async () => {
    const { id, runner } = await served()
    const first = predict(id, ['0'])
    const item = await runner.item()
    const waiting = ['1', '2', '3'].map((raw) => predict(id, [raw]))
    // Calls take steps of their own before they wait, so the fourth comes when the three are there.
    for (let refusedOne = false; !refusedOne; ) {
      const extra = new AbortController()
      const answer = predict(id, ['4'], {}, { key: ann.pat, signal: extra.signal })
      const stillWaits = Symbol('waits')
      const outcome = await Promise.race([answer, new Promise((done) => setImmediate(done, stillWaits))])
      if (outcome === stillWaits) extra.abort()
      const { status } = await answer
      refusedOne = status?.code === StatusCode.MODEL_BUSY_PLEASE_RETRY
    }
    await runner.send(item, said('zero'))
    const seen: string[] = []
    for (let at = 0; at < 3; at++) {
      const next = await runner.item()
      seen.push(...textsOf(next))
      await runner.send(next, said(`done ${textsOf(next)[0]}`))
    }
    assert.deepEqual(seen.sort(), ['1', '2', '3'])
    assert.deepEqual(answered(succeeded(await first)), ['zero'])
    for (const [at, answer] of waiting.entries()) {
      assert.deepEqual(answered(succeeded(await answer)), [`done ${at + 1}`])
    }
    runner.end()
  })

  test('runners that ask call by call: an item, its answer, and what comes too late', async () => {
    const id = `polled-${made++}`
    await makeServed(server, app, id, { metadata: { runner_labels: ['gpu'] } })
    const mine = { userId: 'me' }
    const runnerId = await postRunner({ id: `old-${made}`, labels: ['gpu'] })
    const list = () => server.call('ListRunnerItems', { userAppId: mine, runnerId }, { key: ann.pat })
    const post = (runnerItemId: string, message: object = said('A')) =>
      server.call('PostRunnerItemOutputs', { userAppId: mine, runnerId, runnerItemId, ...message }, { key: ann.pat })
    refused(await list(), StatusCode.RUNNER_NEEDS_RETRY)
    const answer = predict(id, ['a'])
    const next = async () => {
      for (;;) {
        const { items, runnerItems } = await list()
        if (items[0]) return { item: items[0], same: runnerItems[0] }
      }
    }
    const { item, same } = await next()
    assert.deepEqual(textsOf(item), ['a'])
    assert.equal(same?.id, item.id)
    succeeded(await post(item.id))
    assert.deepEqual(answered(succeeded(await answer)), ['A'])
    refused(await post(item.id), StatusCode.CONN_DOES_NOT_EXIST)
    const caller = new AbortController()
    const left = predict(id, ['b'], {}, { key: ann.pat, signal: caller.signal })
    const late = await next()
    caller.abort()
    await left
    refused(await post(late.item.id), StatusCode.RUNNER_ITEM_CANCELLED)
    const missing = { userAppId: mine, runnerId: 'nobody' }
    refused(await server.call('ListRunnerItems', missing, { key: ann.pat }), StatusCode.RUNNER_DOES_NOT_EXIST)
  })

  test('only runners of the owner of a model get its work, unless a caller chooses one of his own', async () => {
    const { id, versionId, runner } = await served()
    const publish = (action: 'PatchModels' | 'PatchModelVersions') =>
      action === 'PatchModels'
        ? server.call(
            'PatchModels',
            {
              userAppId: app.userAppId,
              models: [{ id, visibility: { gettable: Visible.PUBLIC } }],
              action: 'overwrite',
            },
            { key: ann.pat },
          )
        : server.call(
            'PatchModelVersions',
            {
              userAppId: app.userAppId,
              modelId: id,
              modelVersions: [{ id: versionId, visibility: { gettable: Visible.PUBLIC } }],
              action: 'merge',
            },
            { key: ann.pat },
          )
    succeeded(await publish('PatchModels'))
    succeeded(await publish('PatchModelVersions'))
    const bobs = await postRunner(workerFor(id), bob)
    const spy = new TestRunner(server, bobs, bob.pat)
    const spied = spy.item()
    const plain = predict(id, ['for ann'], {}, { key: bob.pat })
    await runner.send(await runner.item(), said('ann did it'))
    assert.deepEqual(answered(succeeded(await plain)), ['ann did it'])
    const chosen = predict(id, ['for bob'], { runnerSelector: { runner: { id: bobs } } }, { key: bob.pat })
    assert.deepEqual(textsOf(await spied), ['for bob'])
    await spy.send(await spied, said('bob did it'))
    assert.deepEqual(answered(succeeded(await chosen)), ['bob did it'])
    const stolen = { runnerSelector: { runner: { id: bobs } } }
    refused(await predict(id, ['x'], stolen), StatusCode.RUNNER_DOES_NOT_EXIST)
    const hijack = new TestRunner(server, bobs, ann.pat)
    refused(await hijack.next(), StatusCode.RUNNER_DOES_NOT_EXIST)
    spy.end()
    runner.end()
  })

  test('a deployment chooses by its nodepools', async () => {
    const id = `deployed-${made++}`
    const versionId = await makeServed(server, app, id)
    const userAppId = { userId: 'ann' }
    const as = { key: ann.pat }
    succeeded(await server.call('PostComputeClusters', { userAppId, computeClusters: [{ id: 'c' }] }, as))
    const pools = { userAppId, computeClusterId: 'c', nodepools: [{ id: 'one' }, { id: 'two' }] }
    succeeded(await server.call('PostNodepools', pools, as))
    const inPool = (pool: string) => ({ id: pool, computeCluster: { id: 'c', userId: 'ann' } })
    const one = await postRunner({ ...workerFor(id, versionId), nodepool: inPool('one') })
    const two = await postRunner({ ...workerFor(id, versionId), nodepool: inPool('two') })
    const deployment = { id: 'second', nodepools: [inPool('two')], ...workerFor(id) }
    succeeded(await server.call('PostDeployments', { userAppId, deployments: [deployment] }, as))
    const [first, second] = [new TestRunner(server, one, ann.pat), new TestRunner(server, two, ann.pat)]
    const waits = first.item()
    const byDeployment = { runnerSelector: { deployment: { id: 'second', userId: 'ann' } } }
    const answer = predict(id, ['a'], byDeployment)
    await second.send(await second.item(), said('from two'))
    assert.deepEqual(answered(succeeded(await answer)), ['from two'])
    const byPool = predict(id, ['b'], { runnerSelector: { nodepool: inPool('one') } })
    await first.send(await waits, said('from one'))
    assert.deepEqual(answered(succeeded(await byPool)), ['from one'])
    first.end()
    second.end()
  })

  test('a runner is a node of a workflow like any other model', async () => {
    const { id, runner } = await served()
    const nodes = [
      { id: 'first', model: { id } },
      { id: 'second', model: { id }, nodeInputs: [{ nodeId: 'first' }] },
    ]
    const wish = { userAppId: app.userAppId, workflows: [{ id: 'twice', nodes }] }
    succeeded(await server.call('PostWorkflows', wish, { key: ann.pat }))
    const request = { userAppId: app.userAppId, workflowId: 'twice', inputs: [text('a')] }
    const answer = server.call('PostWorkflowResults', request, { key: ann.pat })
    for (const expected of ['a', 'a!']) {
      const item = await runner.item()
      assert.deepEqual(textsOf(item), [expected])
      await runner.send(item, said(`${expected}!`))
    }
    const [result] = succeeded(await answer).results
    assert.deepEqual(answered(result!), ['a!', 'a!!'])
    runner.end()
  })

  test('a first message that is none is refused', async () => {
    const wrong = await server.stream('ProcessRunnerItems', [{ runnerId: 'x' }], { key: ann.pat })
    refused(wrong[0]!, StatusCode.RUNNER_INVALID_REQUEST, /25605/)
  })
})

onEachEngine('runners that are not there', (engine) => {
  let server: TestServer
  let app: TestApp
  before(async () => {
    const limits = { absentMs: 5, turnMs: 5, workMs: 5 }
    server = await startOnEngine(engine, { overrides: { runners: new Runners(limits) } })
    app = await makeApp(server, 'home')
  })
  after(() => server[Symbol.asyncDispose]())

  const predict = (modelId: string) =>
    server.call('PostModelOutputs', { userAppId: app.userAppId, modelId, inputs: [text('a')] })

  test('say which: none was ever made, none is connected, all are busy, one takes too long', async () => {
    await makeServed(server, app, 'lonely')
    refused(await predict('lonely'), StatusCode.MODEL_NOT_DEPLOYED, /PostRunners/)
    const value = { ...app.userAppId, id: 'lonely' }
    const wish = { worker: { worker: { case: 'model' as const, value } } }
    const { runners } = succeeded(await server.call('PostRunners', { userAppId: { userId: 'me' }, runners: [wish] }))
    refused(await predict('lonely'), StatusCode.MODEL_DEPLOYING, /connected/)
    const runner = new TestRunner(server, runners[0]!.id, server.admin.pat)
    const taken = runner.item()
    const slow = predict('lonely')
    await taken
    refused(await slow, StatusCode.RPC_REQUEST_TIMEOUT)
    refused(await predict('lonely'), StatusCode.MODEL_BUSY_PLEASE_RETRY)
    runner.end()
  })
})
