// A runner in Node by the static gRPC client: it connects as one stream, is given the predictions of another client, and
// answers them; whole, in pieces, and for a stream of requests. What it is cut off from is done by the next.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import status from 'clarifai-nodejs-grpc/proto/clarifai/api/status/status_pb'
import { call, keyMetadata, resources, service, staticClient, userApp } from './kit/grpc.ts'
import { send } from './kit/http.ts'
import { startLimpid, USER } from './kit/server.ts'

const APP = 'runner-app'
const MODEL = 'upper'
const [SUCCESS, STREAM_START, STREAM_END] = [10000, 25605, 25606]

type Request = InstanceType<typeof service.PostModelOutputsRequest>
type Items = InstanceType<typeof service.MultiRunnerItemResponse>
type Item = InstanceType<typeof service.RunnerItem>

const limpid = await startLimpid()
const client = staticClient(limpid)
after(async () => {
  client.close()
  await limpid[Symbol.asyncDispose]()
})
const url = `http://${limpid.host}:${limpid.port}`
let runnerId = ''

before(async () => {
  const post = async (path: string, body: object) => {
    const answer = await send(url, 'POST', `/v2/users/${USER}${path}`, { body })
    assert.equal(answer.body.status.code, SUCCESS, answer.text)
    return answer.body
  }
  await post('/apps', { apps: [{ id: APP }] })
  await post(`/apps/${APP}/models`, { models: [{ id: MODEL, model_type_id: 'text-to-text' }] })
  const version = { pretrained_model_config: { local_dev: true } }
  await post(`/apps/${APP}/models/${MODEL}/versions`, { model_versions: [version] })
  await post('/compute_clusters', { compute_clusters: [{ id: 'desk', cluster_type: 'local-dev' }] })
  await post('/compute_clusters/desk/nodepools', { nodepools: [{ id: 'node' }] })
  const worker = { model: { id: MODEL, user_id: USER, app_id: APP } }
  const made = await post('/compute_clusters/desk/nodepools/node/runners', { runners: [{ worker, num_replicas: 1 }] })
  runnerId = (made as unknown as { runners: { id: string }[] }).runners[0]!.id
})

const statusOf = (code: number) => new status.Status().setCode(code)

/** Connects as the runner; `items` are the messages that come, one after the other. */
function connect() {
  const stream = client.processRunnerItems(keyMetadata())
  const waiting: Items[] = []
  stream.on('data', (message: Items) => {
    waiting.push(message)
    stream.emit('came')
  })
  stream.on('error', () => {})
  const post = () =>
    new service.PostRunnerItemOutputsRequest()
      .setUserAppId(userApp('', USER))
      .setComputeClusterId('desk')
      .setNodepoolId('node')
      .setRunnerId(runnerId)
  stream.write(post().setStatus(statusOf(STREAM_START)))
  const next = async (): Promise<Items> => {
    while (waiting.length === 0) await once(stream, 'came')
    return waiting.shift()!
  }
  const item = async (): Promise<Item> => {
    const [first] = (await next()).getRunnerItemsList()
    return first!
  }
  const answer = (to: Item, ...texts: string[]): void => {
    const outputs = texts.map((text) =>
      new resources.Output()
        .setStatus(statusOf(SUCCESS))
        .setData(new resources.Data().setText(new resources.Text().setRaw(text))),
    )
    const response = new service.MultiOutputResponse().setStatus(statusOf(SUCCESS)).setOutputsList(outputs)
    const output = new service.RunnerItemOutput().setMultiOutputResponse(response)
    stream.write(post().setRunnerItemId(to.getId()).setStatus(statusOf(SUCCESS)).setRunnerItemOutputsList([output]))
  }
  return { stream, next, item, answer }
}

const textsOf = (item: Item): string[] =>
  item
    .getPostModelOutputsRequest()!
    .getInputsList()
    .map((input) => input.getData()!.getText()!.getRaw())

const request = (...texts: string[]): Request =>
  new service.PostModelOutputsRequest()
    .setUserAppId(userApp(APP))
    .setModelId(MODEL)
    .setInputsList(
      texts.map((text) =>
        new resources.Input().setData(new resources.Data().setText(new resources.Text().setRaw(text))),
      ),
    )

const answered = (response: InstanceType<typeof service.MultiOutputResponse>): string[] =>
  response.getOutputsList().map((output) => output.getData()!.getText()!.getRaw())

test('a prediction of one client is done by another', async () => {
  const runner = connect()
  const answer = call(client, client.postModelOutputs, request('a', 'b'))
  const item = await runner.item()
  assert.deepEqual(textsOf(item), ['a', 'b'])
  runner.answer(item, 'A', 'B')
  assert.deepEqual(answered(await answer), ['A', 'B'])
  const overHttp = send(url, 'POST', `/v2/users/${USER}/apps/${APP}/models/${MODEL}/outputs`, {
    body: { inputs: [{ data: { text: { raw: 'c' } } }] },
  })
  runner.answer(await runner.item(), 'C')
  assert.match((await overHttp).text, /"raw": *"C"/)
  runner.stream.end()
})

test('generateModelOutputs gives each piece as the runner makes it', async () => {
  const runner = connect()
  const stream = client.generateModelOutputs(request('a'), keyMetadata())
  const item = await runner.item()
  for (const piece of ['one', 'two']) {
    const came = once(stream, 'data')
    runner.answer(item, piece)
    assert.deepEqual(answered((await came)[0]), [piece])
  }
  const ended = once(stream, 'end')
  runner.stream.end()
  await ended
})

test('streamModelOutputs hands on each request and the end of them', async () => {
  const runner = connect()
  const stream = client.streamModelOutputs(keyMetadata())
  stream.write(request('a'))
  const item = await runner.item()
  for (const [asked, said] of [
    ['b', 'A'],
    ['c', 'B'],
  ] as const) {
    const came = once(stream, 'data')
    runner.answer(item, said)
    assert.deepEqual(answered((await came)[0]), [said])
    stream.write(request(asked))
    assert.deepEqual(textsOf(await runner.item()), [asked])
  }
  stream.end()
  assert.equal((await runner.next()).getStatus()!.getCode(), STREAM_END)
  const last = once(stream, 'data')
  const ended = once(stream, 'end')
  runner.answer(item, 'C')
  assert.deepEqual(answered((await last)[0]), ['C'])
  runner.stream.end()
  await ended
})

test('a runner whose connection breaks has its prediction done by the next one', async () => {
  const first = connect()
  const answer = call(client, client.postModelOutputs, request('a'))
  await first.item()
  first.stream.cancel()
  const second = connect()
  second.answer(await second.item(), 'A')
  assert.deepEqual(answered(await answer), ['A'])
  second.stream.end()
})
