// Operators that act on the world: real receivers on this machine, real workers.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, test } from 'node:test'
import type { JsonObject } from '@bufbuild/protobuf'
import { SMTPServer } from 'smtp-server'
import { newId } from '../../src/base/ids.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { MAILS_PER_APP_MAX } from '../../src/domain/effects/limits.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

interface Got {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const KEY = 'a signing key'
const got: Got[] = []
const mails: { readonly to: string[]; readonly from: string; readonly raw: string }[] = []
let answers: { status: number; headers?: Record<string, string> }[] = []
let refuseMail = false
let receiver: Server
let smtp: SMTPServer
let url: string
let server: TestServer
let app: TestApp

before(async () => {
  receiver = createServer(async (req, res) => {
    got.push({ path: req.url ?? '', headers: req.headers, body: await text(req) })
    const { status, headers } = answers.shift() ?? { status: 204 }
    res.writeHead(status, headers).end()
  })
  receiver.listen(0, '127.0.0.1')
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      username === 'mailer' && password === 'pass word' ? done(null, { user: username }) : done(new Error('no')),
    onData: (stream, { envelope, user }, done) => {
      void text(stream).then((raw) => {
        if (refuseMail) return done(Object.assign(new Error('mailbox full'), { responseCode: 452 }))
        assert.equal(user, 'mailer')
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        mails.push({ to: envelope.rcptTo.map(({ address }) => address), from, raw })
        done()
      })
    },
  })
  smtp.listen(0, '127.0.0.1')
  await Promise.all([once(receiver, 'listening'), once(smtp.server, 'listening')])
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  const mailPort = (smtp.server.address() as AddressInfo).port
  server = await startTestServer({
    models: true,
    settings: {
      fetchAllow: '127.0.0.1/32',
      smtpUrl: `smtp://mailer:pass%20word@127.0.0.1:${mailPort}`,
      smtpFrom: 'limpid@example.org',
    },
  })
  app = await makeApp(server, 'push')
})

after(async () => {
  await server?.[Symbol.asyncDispose]()
  receiver.closeAllConnections()
  receiver.close()
  smtp.close()
})

beforeEach(() => {
  got.length = 0
  mails.length = 0
  answers = []
  refuseMail = false
})

let made = 0

/** A model of an operator type with parameters; answers the ids of model and version. */
async function operatorModel(modelTypeId: string, params: JsonObject, on = { server, app }) {
  const { userAppId } = on.app
  const id = `op-${made++}`
  succeeded(await on.server.call('PostModels', { userAppId, models: [{ id, modelTypeId }] }))
  const posted = await on.server.call('PostModelVersions', {
    userAppId,
    modelId: id,
    modelVersions: [{ outputInfo: { params } }],
  })
  succeeded(posted)
  return { id, versionId: posted.model!.modelVersion!.id, posted }
}

async function workflowOf(modelId: string, on = { server, app }): Promise<string> {
  const id = `flow-${made++}`
  const workflow = { id, nodes: [{ id: 'push', model: { id: modelId }, suppressOutput: false }] }
  succeeded(await on.server.call('PostWorkflows', { userAppId: on.app.userAppId, workflows: [workflow] }))
  return id
}

const predict = (workflowId: string, raw: string, on = { server, app }) =>
  on.server.call('PostWorkflowResults', {
    userAppId: on.app.userAppId,
    workflowId,
    inputs: [{ id: 'input-1', data: { text: { raw } } }],
  })

test('results-push sends what it gets, signed, and the prediction does not wait for it', async () => {
  const { id, versionId } = await operatorModel('results-push', { url: `${url}/hook`, signing_key: KEY })
  const workflowId = await workflowOf(id)
  const response = succeeded(await predict(workflowId, 'hello'))
  assert.equal(response.results[0]!.outputs[0]!.data?.text?.raw, 'hello')
  await server.services.jobs.idle()
  const [event] = got
  assert.equal(event!.path, '/hook')
  const body = JSON.parse(event!.body) as Record<string, unknown> & { id: string; workflow: { id: string } }
  assert.deepEqual(
    [body.event, body.user, body.app, body.workflow.id, body.node, body.input, body.data],
    [
      'results',
      'admin',
      'push',
      workflowId,
      'push',
      { id: 'input-1', data: { text: { raw: 'hello' } } },
      { text: { raw: 'hello' } },
    ],
  )
  const { headers } = event!
  assert.deepEqual([headers['limpid-event'], headers['limpid-event-id']], ['results', body.id])
  const signed = `${headers['limpid-timestamp']}.${event!.body}`
  const signature = createHmac('sha256', KEY).update(signed).digest('hex')
  assert.equal(headers['limpid-signature'], `v1=${signature}`)
  assert.ok(Math.abs(Number(headers['limpid-timestamp']) - server.services.clock.now() / 1e6) < 60)

  const { userAppId } = app
  const shown = await server.call('GetModelVersion', { userAppId, modelId: id, versionId })
  assert.deepEqual(shown.modelVersion?.outputInfo?.params, { url: `${url}/hook` })
  const [job] = await server.services.jobs.list({ kind: 'webhook' })
  assert.deepEqual([job!.status, job!.args], ['succeeded', null])
})

test('a receiver that fails is called again after a pause, with the same event and a new signature', async () => {
  const { id } = await operatorModel('results-push', { url, signing_key: KEY })
  const workflowId = await workflowOf(id)
  answers = [
    { status: 503, headers: { 'retry-after': '100' } },
    { status: 404 },
    { status: 302, headers: { location: '/x' } },
  ]
  succeeded(await predict(workflowId, 'again'))
  const { jobs } = server.services
  await jobs.idle()
  const [waiting] = await jobs.list({ kind: 'webhook', limit: 1 })
  assert.match(waiting!.error!.details, /HTTP 503/)
  assert.equal(Math.round((waiting!.runAfter - waiting!.modifiedAt) / 1e6), 100)
  for (let call = 0; call < 3; call++) {
    await jobs.hurry()
    await jobs.idle()
  }
  assert.equal(got.length, 4)
  assert.equal(new Set(got.map(({ body }) => body)).size, 1)
  assert.equal((await jobs.get(waiting!.id))!.status, 'succeeded')
})

test('a receiver that is gone is not called again, and one that may not be reached is told of', async () => {
  const { jobs } = server.services
  answers = [{ status: 410 }]
  const { id } = await operatorModel('results-push', { url })
  succeeded(await predict(await workflowOf(id), 'gone'))
  await jobs.idle()
  const [job] = await jobs.list({ kind: 'webhook', limit: 1 })
  assert.deepEqual([job!.status, got.length, got[0]!.headers['limpid-signature']], ['failed', 1, undefined])

  const inside = await operatorModel('results-push', { url: 'http://10.0.0.1/hook' })
  succeeded(await predict(await workflowOf(inside.id), 'private'))
  await jobs.idle()
  const [blocked] = await jobs.list({ kind: 'webhook', limit: 1 })
  assert.deepEqual([blocked!.status, blocked!.waitsFor], ['queued', 'time'])
  assert.equal(await jobs.cancel(blocked!.id), true)
})

test('an event that is too large goes without its data', async () => {
  const { id } = await operatorModel('results-push', { url })
  succeeded(await predict(await workflowOf(id), 'x'.repeat(500_000)))
  await server.services.jobs.idle()
  const body = JSON.parse(got[0]!.body) as Record<string, unknown>
  assert.deepEqual([body.truncated, body.data, body.input], [true, undefined, { id: 'input-1' }])
})

test('nobody gets a signature for a URL of his own, and secrets stay out of workflows', async () => {
  const { id, versionId } = await operatorModel('results-push', { url, signing_key: KEY })
  const { userAppId } = app
  const nodes = (params: JsonObject) => [{ id: 'push', model: { id }, outputInfoOverride: { params } }]
  const secret = { signing_key: 'mine' }
  const kept = await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'kept', nodes: nodes(secret) }] })
  refused(kept, StatusCode.MODEL_INVALID_ARGUMENT, /signing_key is a secret of the model version/)
  const other = { url: `${url}/other` }
  succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'other', nodes: nodes(other) }] }))
  succeeded(await predict('other', 'redirected'))
  const inputs = [{ data: { text: { raw: 'alone' } } }]
  const model = { modelVersion: { outputInfo: { params: { url: `${url}/alone` } } } }
  succeeded(await server.call('PostModelOutputs', { userAppId, modelId: id, versionId, inputs, model }))
  await server.services.jobs.idle()
  assert.deepEqual(got.map(({ path, headers }) => [path, headers['limpid-signature']]).toSorted(), [
    ['/alone', undefined],
    ['/other', undefined],
  ])
})

test('a URL that nobody can call is refused when it is said', async () => {
  const made = async () => workflowOf((await operatorModel('results-push', { url: 'file:///etc/passwd' })).id)
  await assert.rejects(made, /begins with https/)
})

test('status-push tells how inputs fare that are added to the app of its workflow; predictions send nothing', async () => {
  const own = { server, app: await makePlainApp(server, 'added') }
  const status = await operatorModel('status-push', { url: `${url}/status`, signing_key: KEY }, own)
  const results = await operatorModel('results-push', { url: `${url}/results` }, own)
  const { userAppId } = own.app
  const nodes = [
    { id: 'tell', model: { id: status.id } },
    { id: 'send', model: { id: results.id }, suppressOutput: true },
  ]
  succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'flow', nodes }] }))
  const apps = [{ id: userAppId.appId, defaultWorkflow: { id: 'flow', ...userAppId } }]
  succeeded(await server.call('PatchApps', { userAppId: { userId: userAppId.userId }, apps, action: 'overwrite' }))
  succeeded(await predict('flow', 'predicted', own))
  await server.services.jobs.idle()
  assert.deepEqual(
    got.map(({ path }) => path),
    ['/results'],
  )
  got.length = 0

  const inputs = [
    { id: 'good', data: { text: { raw: 'added' } } },
    { id: 'bad', data: { image: { url: `${url}/no-picture` } } },
  ]
  succeeded(await server.call('PostInputs', { userAppId, inputs }))
  await server.services.jobs.idle()
  const bodies = got.filter(({ body }) => body !== '').map(({ body }) => JSON.parse(body) as Record<string, unknown>)
  const told = bodies.map(({ event, input, status }) => [
    event,
    (input as { id: string }).id,
    (status as { code: number } | undefined)?.code,
  ])
  assert.deepEqual(told.toSorted(), [
    ['results', 'good', undefined],
    ['status', 'bad', StatusCode.INPUT_FAILED],
    ['status', 'good', StatusCode.INPUT_SUCCESS],
  ])
})

test('email sends a mail by the server of the settings, and again when that is busy', async () => {
  const { id } = await operatorModel('email', {
    recipients: ['ann@example.org', 'bob@example.org'],
    subject: 'Seen in\r\nBcc: {{app}} {{unknown}}',
    template: 'Node {{node}} got {{ text }}',
  })
  const workflowId = await workflowOf(id)
  refuseMail = true
  succeeded(await predict(workflowId, 'a fire'))
  const { jobs } = server.services
  await jobs.idle()
  const [waiting] = await jobs.list({ kind: 'email', limit: 1 })
  assert.match(waiting!.error!.details, /mailbox full/)
  refuseMail = false
  await jobs.hurry()
  await jobs.idle()
  const [mail] = mails
  assert.deepEqual([mail!.from, mail!.to], ['limpid@example.org', ['ann@example.org', 'bob@example.org']])
  assert.match(mail!.raw, /^Subject: Seen in Bcc: push \{\{unknown\}\}\r$/m)
  assert.match(mail!.raw, /Node push got a fire/)
  assert.equal((await jobs.get(waiting!.id))!.status, 'succeeded')
})

test('an app sends so many mails an hour and no more', async () => {
  const { id } = await operatorModel('email', { recipients: ['ann@example.org'] })
  const workflowId = await workflowOf(id)
  const { jobs, db, clock } = server.services
  const row = {
    app_pk: app.pk,
    user_pk: null,
    lane: app.pk,
    kind: 'email',
    status: 'succeeded' as const,
    hold: '' as const,
    priority: 0,
    args: '{}',
    done: 0,
    attempts: 1,
    run_after: 0,
    modified_at: 0,
    finished_at: clock.now(),
  }
  const add = (count: number, created_at: number) =>
    db.transact(async (tx) => {
      for (let n = 0; n < count; n++) {
        await tx
          .insertInto('jobs')
          .values({ ...row, id: newId(), created_at })
          .execute()
      }
    })
  // Those of yesterday do not count.
  await add(MAILS_PER_APP_MAX, clock.now() - 86_400e6)
  succeeded(await predict(workflowId, 'one'))
  await jobs.idle()
  assert.equal(mails.length, 1)
  await add(MAILS_PER_APP_MAX - 1, clock.now())
  succeeded(await predict(workflowId, 'two'))
  await jobs.idle()
  assert.equal(mails.length, 1)
})

test('without a mail server the node says which settings are missing', async () => {
  await using plain = await startTestServer({ models: true })
  const on = { server: plain, app: await makeApp(plain, 'push') }
  const { id } = await operatorModel('email', { recipients: ['ann@example.org'] }, on)
  const response = await predict(await workflowOf(id, on), 'x', on)
  const [output] = response.results[0]!.outputs
  assert.equal(output?.status?.code, StatusCode.MODEL_NOT_DEPLOYED)
  assert.match(output.status.details, /LIMPID_SMTP_URL/)
  assert.deepEqual(await plain.services.jobs.list(), [])
})
