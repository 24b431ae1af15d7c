// The program as an operator runs it, on one data folder from its first start to a restored backup. The tests build on
// one another, because every start of a server costs a second.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { type Answer, type Named, send } from './kit/http.ts'
import { PHOTO_BASE64, PHOTO_FILE } from './kit/photo.ts'
import { type Ended, type LimpidServer, makeDataDir, PAT, runLimpid, startLimpid, USER } from './kit/server.ts'

const PREDICT = '/v2/users/clarifai/apps/main/workflows/General/results'
const TOKEN_LINE = /^LIMPID_PAT=([0-9a-f]{32})$/m
const IN_USE = /is in use by another process \(process \d+\)/
const STACK_TRACE = /\n\s+at /

const dataDir = makeDataDir()
const copy = makeDataDir()
const backup = `${copy}-backup`
after(async () => {
  for (const dir of [dataDir, copy, backup]) await rm(dir, { recursive: true, force: true })
})

const settings = { LIMPID_DATA_DIR: dataDir, LIMPID_USER: USER }
const limpid = (...args: string[]): Promise<Ended> => runLimpid(args, settings).ended
let token = ''

describe('the first start', () => {
  let server: LimpidServer
  before(async () => {
    server = await startLimpid({ dataDir, env: { LIMPID_PAT: '' } })
  })
  after(() => server[Symbol.asyncDispose]())

  test('prints a random token that works', async () => {
    token = TOKEN_LINE.exec(server.printed())?.[1] ?? ''
    assert.notEqual(token, '', server.printed())
    const made = await send(server.url, 'POST', '/v2/users/me/apps', { body: { apps: [{ id: 'kept' }] }, key: token })
    assert.equal(made.http, 200, made.text)
    assert.equal((await send(server.url, 'GET', '/v2/users/me/apps', { key: PAT })).http, 401)
  })

  test('nobody else gets at the folder: a second server and the commands say who has it', async () => {
    for (const args of [['serve', '--port', '0'], ['keys', 'create'], ['migrate']]) {
      const { code, stderr } = await limpid(...args)
      assert.equal(code, 1, args[0])
      assert.match(stderr, IN_USE)
      assert.doesNotMatch(stderr, STACK_TRACE)
    }
    assert.equal((await send(server.url, 'GET', '/healthz')).http, 200)
  })

  test('limpid predict sends a file and prints a table or JSON', async () => {
    const args = ['predict', PHOTO_FILE, '--url', server.url, '--key', token]
    const table = await limpid(...args)
    assert.equal(table.code, 0, table.stderr)
    assert.match(table.stdout, /general-image-recognition[^\n]*person/)
    assert.match(table.stdout, /vector of 576/)
    const json = await limpid(...args, '--json', '--workflow', 'Universal')
    const answer = JSON.parse(json.stdout) as Answer
    assert.equal(answer.results[0]!.outputs[0]!.data.embeddings[0]!.numDimensions, 576)
  })

  test('limpid predict says what went wrong', async () => {
    const wrong = await limpid('predict', PHOTO_FILE, '--url', server.url, '--key', token, '--workflow', 'nothing')
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /Workflow does not exist/)
    const nowhere = await limpid('predict', PHOTO_FILE, '--url', 'http://127.0.0.1:1', '--key', token)
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.stderr, /No server answers at http:\/\/127\.0\.0\.1:1/)
  })

  test('told to stop, it answers what runs and ends with 0', async () => {
    const inputs = Array.from({ length: 32 }, () => ({ data: { image: { base64: PHOTO_BASE64 } } }))
    const running = request(server.url + PREDICT, {
      method: 'POST',
      headers: { authorization: `Key ${token}`, 'content-type': 'application/json', expect: '100-continue' },
    })
    const answered = once(running, 'response')
    running.flushHeaders()
    // By asking for the body the server shows that it has taken up the request.
    await once(running, 'continue')
    running.end(JSON.stringify({ inputs }))
    const stopped = server.stop()
    const [response] = await answered
    const answer = JSON.parse(Buffer.concat(await response.toArray()).toString()) as Answer
    assert.equal(answer.status.code, 10000)
    assert.equal(answer.results.length, 32)
    const { code, stderr } = await stopped
    assert.equal(code, 0, stderr)
  })
})

describe('commands beside a stopped server', () => {
  test('keys create refuses what could never work', async () => {
    const app = await limpid('keys', 'create', '--app', 'nothing')
    assert.equal(app.code, 1)
    assert.match(app.stderr, /There is no app 'nothing'/)
    const scopes = await limpid('keys', 'create', '--app', 'kept', '--scopes', 'Concepts_Add')
    assert.equal(scopes.code, 1)
    assert.match(scopes.stderr, /Concepts_Get/)
  })

  test('models list shows what is there', async () => {
    const { code, stdout, stderr } = await limpid('models', 'list')
    assert.equal(code, 0, stderr)
    const line = stdout.split('\n').find((text) => text.includes('coco-ssd'))
    assert.match(line!, /Apache-2\.0.*ready/)
  })

  test('serve refuses settings that make no sense', async () => {
    for (const [flag, value, name] of [
      ['--port', 'eighty', 'PORT'],
      ['--fetch-allow', '10.0.0.0/99', 'LIMPID_FETCH_ALLOW'],
      ['--tls-cert', '/nowhere.pem', 'LIMPID_TLS_KEY'],
    ] as const) {
      const { code, stderr, stdout } = await limpid('serve', flag, value)
      assert.equal(code, 1, flag)
      assert.match(stderr, new RegExp(name))
      assert.doesNotMatch(stderr, STACK_TRACE)
      assert.equal(stdout, '')
    }
  })
})

describe('later starts', () => {
  test('find the data, take keys of the command line, and print no token again', async () => {
    const pat = await limpid('keys', 'create')
    assert.match(pat.stdout, /^[0-9a-f]{32}\n$/, pat.stderr)
    const appKey = await limpid('keys', 'create', '--app', 'kept', '--scopes', 'Apps_Get,Concepts_Get')
    assert.match(appKey.stdout, /^[0-9a-f]{32}\n$/, appKey.stderr)

    const server = await startLimpid({ dataDir, env: { LIMPID_PAT: '' } })
    assert.doesNotMatch(server.printed(), TOKEN_LINE)
    assert.equal((await send(server.url, 'GET', '/v2/users/me/apps/kept', { key: token })).http, 200)
    const fromCli = { key: pat.stdout.trim(), body: { concepts: [{ id: 'written-before-the-kill' }] } }
    const written = await send(server.url, 'POST', '/v2/users/me/apps/kept/concepts', fromCli)
    assert.equal(written.http, 200, written.text)
    const key = appKey.stdout.trim()
    assert.equal((await send(server.url, 'GET', '/v2/concepts', { key })).http, 200)
    const beyond = await send(server.url, 'GET', '/v2/models', { key })
    assert.deepEqual([beyond.http, beyond.body.status.code], [403, 11007])

    server.process.kill('SIGKILL')
    assert.equal((await server.ended).signal, 'SIGKILL')
  })

  test('find what was acknowledged before a kill, also from a backup', async () => {
    const conceptsIn = async (dir: string): Promise<string[]> => {
      await using server = await startLimpid({ dataDir: dir })
      const { body } = await send(server.url, 'GET', '/v2/users/me/apps/kept/concepts', { key: token })
      return (body.concepts as Named[]).map(({ id }) => id)
    }
    assert.deepEqual(await conceptsIn(dataDir), ['written-before-the-kill'])
    assert.equal((await limpid('migrate')).code, 0)
    assert.equal((await limpid('backup', backup)).code, 0)
    await rm(copy, { recursive: true })
    const restored = await runLimpid(['restore', backup], { LIMPID_DATA_DIR: copy }).ended
    assert.equal(restored.code, 0, restored.stderr)
    assert.deepEqual(await conceptsIn(copy), ['written-before-the-kill'])
  })
})
