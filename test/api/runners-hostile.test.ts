import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { Channel } from '../../src/runners/channel.ts'
import { Runners } from '../../src/runners/runners.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import { answered, makeServed, said, TestRunner, textsOf } from '../kit/runners.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'

const mine = { userId: 'me' }

onEachEngine('runners that should not be trusted', (engine) => {
  let server: TestServer
  let ann: TestUser
  let bob: TestUser
  let app: TestApp
  let made = 0

  before(async () => {
    server = await startOnEngine(engine, { overrides: { runners: new Runners({ absentMs: 60_000 }) } })
    ann = await server.makeUser('ann', Visible.PUBLIC)
    bob = await server.makeUser('bob', Visible.PUBLIC)
    app = await makeApp(server, 'home', { owner: ann })
  })
  after(() => server[Symbol.asyncDispose]())

  const postRunner = async (runner: object, owner = ann): Promise<string> => {
    const posted = await server.call('PostRunners', { userAppId: mine, runners: [runner] }, { key: owner.pat })
    return succeeded(posted).runners[0]!.id
  }
  /** A model with two runners that are stored, and a way to wait until one of them waits for work. */
  const served = async () => {
    const id = `model-${made++}`
    await makeServed(server, app, id)
    const worker = { worker: { case: 'model' as const, value: { ...app.userAppId, id } } }
    const runnerIds = [await postRunner({ worker }), await postRunner({ worker })] as const
    const { hub } = server.services.runners
    const { model_pk: modelPk } = await server.services.db.read
      .selectFrom('runners')
      .select('model_pk')
      .where('id', '=', runnerIds[0])
      .executeTakeFirstOrThrow()
    const isThere = async () => {
      const work = { modelPk, versionPk: 0, ownerPk: ann.pk, labels: [] }
      while (!hub.isServed(work)) await new Promise((done) => setImmediate(done))
    }
    return { id, runnerIds, isThere }
  }
  const predict = (modelId: string, raw: string) =>
    server.call(
      'PostModelOutputs',
      { userAppId: app.userAppId, modelId, inputs: [{ data: { text: { raw } } }] },
      { key: ann.pat },
    )
  const list = (runnerId: string, key = ann.pat) =>
    server.call('ListRunnerItems', { userAppId: mine, runnerId }, { key })
  const post = (runnerId: string, runnerItemId: string, { pat: key } = ann, message: object = said('A')) =>
    server.call('PostRunnerItemOutputs', { userAppId: mine, runnerId, runnerItemId, ...message }, { key })

  test('a stream of which the key was deleted gets nothing more, and what it would have got goes to another', async () => {
    const { id, runnerIds, isThere } = await served()
    const key = await server.makeKey({ userPk: ann.pk, kind: 'pat' })
    const stolen = new TestRunner(server, runnerIds[0], key)
    const told = stolen.next()
    await isThere()
    succeeded(await server.call('DeleteKey', { userAppId: mine, keyId: key }, { key: ann.pat }))
    const answer = predict(id, 'secret')
    refused(await told, StatusCode.CONN_KEY_INVALID, /deleted/)
    const other = new TestRunner(server, runnerIds[1], ann.pat)
    await other.send(await other.item(), said('A'))
    assert.deepEqual(answered(succeeded(await answer)), ['A'])
    other.end()
    stolen.end()
  })

  test('so does a poll of which the key was deleted, or the runner', async () => {
    for (const gone of ['key', 'runner'] as const) {
      const { id, runnerIds, isThere } = await served()
      const key = await server.makeKey({ userPk: ann.pk, kind: 'pat' })
      const poll = list(runnerIds[0], key)
      await isThere()
      succeeded(
        gone === 'key'
          ? await server.call('DeleteKey', { userAppId: mine, keyId: key }, { key: ann.pat })
          : await server.call('DeleteRunners', { userAppId: mine, ids: [runnerIds[0]] }, { key: ann.pat }),
      )
      const answer = predict(id, 'secret')
      refused(await poll, gone === 'key' ? StatusCode.CONN_KEY_INVALID : StatusCode.RUNNER_DOES_NOT_EXIST)
      const { items } = succeeded(await list(runnerIds[1]))
      succeeded(await post(runnerIds[1], items[0]!.id))
      assert.deepEqual(answered(succeeded(await answer)), ['A'])
    }
  })

  test('an item is answered by the runner that has it, and once', async () => {
    const { id, runnerIds, isThere } = await served()
    const poll = list(runnerIds[0])
    await isThere()
    const answer = predict(id, 'a')
    const item = succeeded(await poll).items[0]!
    const bobs = await postRunner({ labels: ['x'] }, bob)
    refused(await post(bobs, item.id, bob, said('bob was here')), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post(runnerIds[1], item.id, ann, said('another')), StatusCode.CONN_DOES_NOT_EXIST)
    const stream = new TestRunner(server, runnerIds[1], ann.pat)
    const next = stream.item()
    await stream.send(item, said('by stream'))
    const both = await Promise.all([post(runnerIds[0], item.id), post(runnerIds[0], item.id, ann, said('again'))])
    assert.deepEqual(both.map(({ status }) => status?.code).sort(), [
      StatusCode.SUCCESS,
      StatusCode.CONN_DOES_NOT_EXIST,
    ])
    const [said1] = answered(succeeded(await answer))
    assert.ok(said1 === 'A' || said1 === 'again')
    const last = predict(id, 'b')
    assert.deepEqual(textsOf(await next), ['b'])
    await stream.send(await next, said('B'))
    assert.deepEqual(answered(succeeded(await last)), ['B'])
    stream.end()
  })

  test('a runner that fails in the middle of a stream ends it, whatever its caller goes on to send', async () => {
    const { id, runnerIds } = await served()
    const runner = new TestRunner(server, runnerIds[0], ann.pat)
    const request = { userAppId: app.userAppId, modelId: id, inputs: [{ data: { text: { raw: 'a' } } }] }
    const sending = new Channel<typeof request>()
    void sending.push(request)
    const stream = server.streamOf('StreamModelOutputs', sending, { key: ann.pat })
    const failed = stream.next()
    await runner.send(await runner.item(), { status: { code: StatusCode.RUNNER_PROCESSING_FAILED, details: 'no' } })
    refused((await failed).value!, StatusCode.RUNNER_PROCESSING_FAILED, /no/)
    void sending.push(request)
    assert.equal((await stream.next()).done, true)
    sending.end()
    runner.end()
  })

  test('statuses that the contract does not know are failures of the runner', async () => {
    const { id, runnerIds } = await served()
    const runner = new TestRunner(server, runnerIds[0], ann.pat)
    for (const code of [987_654, -3]) {
      const whole = predict(id, 'a')
      await runner.send(await runner.item(), { status: { code, details: 'odd' } })
      refused(await whole, StatusCode.RUNNER_PROCESSING_FAILED, /odd/)
      const one = predict(id, 'a')
      const message = said('A')
      message.runnerItemOutputs[0]!.response.value.outputs[0]!.status.code = code
      await runner.send(await runner.item(), message)
      const { outputs } = await one
      assert.equal(outputs[0]?.status?.code, StatusCode.RUNNER_PROCESSING_FAILED)
    }
    runner.end()
  })
})
