// Background work as an operator sees it: while the server runs, and after.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { send } from './kit/http.ts'
import { type Ended, type LimpidServer, makeDataDir, runLimpid, startLimpid, USER } from './kit/server.ts'

interface Job {
  readonly id: string
  readonly kind: string
  readonly status: string
  readonly app: string
}

const dataDir = makeDataDir()
const slow = createServer(() => {})
const asked = once(slow, 'request')
let server: LimpidServer
let job: Job

const limpid = (...args: string[]): Promise<Ended> => runLimpid(args, { LIMPID_DATA_DIR: dataDir }).ended
const list = async (...args: string[]): Promise<Job[]> => {
  const { stdout, stderr } = await limpid('jobs', 'list', '--json', ...args)
  assert.equal(stderr, '')
  return JSON.parse(stdout) as Job[]
}

before(async () => {
  slow.listen(0, '127.0.0.1')
  await once(slow, 'listening')
  const authority = `127.0.0.1:${(slow.address() as AddressInfo).port}`
  server = await startLimpid({ dataDir, env: { LIMPID_FETCH_ALLOW: authority } })
  const path = `/v2/users/${USER}/apps`
  assert.equal((await send(server.url, 'POST', path, { body: { apps: [{ id: 'mine' }] } })).http, 200)
  const model = { id: 'slow', modelTypeId: 'visual-embedder' }
  assert.equal((await send(server.url, 'POST', `${path}/mine/models`, { body: { model } })).http, 200)
  const modelVersions = [{ pretrainedModelConfig: { modelZipUrl: `http://${authority}/model.onnx` } }]
  const made = await send(server.url, 'POST', `${path}/mine/models/slow/versions`, { body: { modelVersions } })
  assert.equal(made.http, 200, made.text)
  await asked
})

after(async () => {
  slow.closeAllConnections()
  slow.close()
  await server?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

test('limpid jobs asks the running server, and cancels there', async () => {
  const [running] = await list('--status', 'running')
  job = running!
  assert.deepEqual([job.kind, job.app], ['model-import', `${USER}/mine`])
  assert.match((await limpid('jobs')).stdout, new RegExp(`${job.id}.*model-import.*running`))
  const shown = JSON.parse((await limpid('jobs', 'show', job.id)).stdout) as { args: { versionPk: number } }
  assert.ok(shown.args.versionPk > 0)
  assert.match((await send(server.url, 'GET', '/metrics')).text, /^limpid_jobs_running\{kind="model-import"\} 1$/m)

  assert.match((await limpid('jobs', 'cancel', job.id)).stdout, /is cancelled/)
  const version = await send(server.url, 'GET', `/v2/users/${USER}/apps/mine/models/slow/versions`)
  assert.match(version.text, /The import was cancelled/)
  const again = await limpid('jobs', 'cancel', job.id)
  assert.equal(again.code, 1)
  assert.match(again.stderr, /^limpid: The job \w+ has ended/)
  assert.match((await limpid('jobs', 'show', 'f'.repeat(32))).stderr, /^limpid: There is no job/)
})

test('nobody else reaches the queue', async () => {
  for (const authorization of ['', 'Bearer nonsense']) {
    const headers = { authorization }
    const refused = await send(server.url, 'POST', '/ops/jobs', { body: { action: 'list' }, key: null, headers })
    assert.equal(refused.http, 401)
    assert.equal(refused.body.jobs, undefined)
  }
})

test('limpid jobs reads the data folder of a server that has stopped', async () => {
  await server.stop()
  assert.deepEqual(
    (await list()).map(({ id, status }) => [id, status]),
    [[job.id, 'cancelled']],
  )
  assert.match((await limpid('jobs', 'retry', job.id)).stdout, /is queued/)
  assert.match((await limpid('jobs', 'cancel', job.id)).stdout, /will be cancelled by the server/)
})
