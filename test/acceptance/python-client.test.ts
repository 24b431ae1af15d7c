// The official Python clients, with what a user does by them: the modules in test/acceptance/python, each with a fresh
// interpreter against one server. They run where LIMPID_TEST_PYTHON names a Python that has test/acceptance/python/requirements.txt.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startOpenAi } from '../kit/remote-servers.ts'
import { makeCertificate } from './kit/certificate.ts'
import { cropsOf, PHOTOS } from './kit/crops.ts'
import { send } from './kit/http.ts'
import { startMediaHost } from './kit/media-host.ts'
import { PAT, startLimpid, USER } from './kit/server.ts'

const PYTHON = process.env.LIMPID_TEST_PYTHON
const MODULES = ['channels', 'data', 'datasets', 'models', 'runners']
const PICTURES = 8

/** What a module says of one of its tests. */
interface Line {
  readonly test: string
  readonly problem: string | null
}

async function linesOf(python: string, module: string, env: Readonly<Record<string, string>>): Promise<Line[]> {
  const child = spawn(python, ['run.py', module], {
    cwd: join(import.meta.dirname, 'python'),
    env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', PYTHONWARNINGS: 'ignore', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, stderr)
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

describe('Python', { skip: !PYTHON && 'LIMPID_TEST_PYTHON names no Python with the Clarifai client' }, () => {
  const resources = new AsyncDisposableStack()
  after(() => resources.disposeAsync())
  let env: Readonly<Record<string, string>>

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'limpid-python-'))
    resources.defer(() => rm(folder, { recursive: true, force: true }))
    for (const name of ['dog', 'platform'] as const) {
      await mkdir(join(folder, 'photos', name), { recursive: true })
      for (const [at, crop] of (await cropsOf(PHOTOS[name], PICTURES)).entries()) {
        await writeFile(join(folder, 'photos', name, `${at}.jpg`), crop)
      }
    }
    const [firstDog] = await cropsOf(PHOTOS.dog, 1)
    const media = resources.use(await startMediaHost({ '/dog.jpg': firstDog! }))
    const remote = resources.use(await startOpenAi())
    const { certFile, keyFile } = await makeCertificate(folder)
    const limpid = resources.use(
      await startLimpid({
        env: { LIMPID_FETCH_ALLOW: '127.0.0.1', LIMPID_TLS_CERT: certFile, LIMPID_TLS_KEY: keyFile },
      }),
    )
    const url = `http://${limpid.host}:${limpid.port}`
    const post = async (path: string, body: object): Promise<void> => {
      const answer = await send(url, 'POST', `/v2/users/${USER}${path}`, { body })
      assert.equal(answer.body.status.code, 10000, answer.text)
    }
    await post('/apps', { apps: [{ id: 'talk' }] })
    await post('/apps/talk/models', { models: [{ id: 'chat', model_type_id: 'multimodal-to-text' }] })
    const settings = { runtime: 'openai', base_url: `${remote.url}/v1`, model: 'tiny', api_key: 'sk-test' }
    const version = { output_info: { params: { remote: settings } } }
    await post('/apps/talk/models/chat/versions', { model_versions: [version] })
    env = {
      HOME: folder,
      LIMPID_URL: url,
      LIMPID_TLS_URL: limpid.url,
      LIMPID_PAT: PAT,
      LIMPID_USER: USER,
      LIMPID_MEDIA_URL: media.url,
      LIMPID_PHOTOS: join(folder, 'photos'),
      LIMPID_CERTIFICATE: certFile,
      CLARIFAI_API_BASE: url,
      GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: certFile,
      REQUESTS_CA_BUNDLE: certFile,
    }
  })

  describe('modules', { concurrency: 2 }, () => {
    for (const module of MODULES) {
      test(module, async (t) => {
        const lines = await linesOf(PYTHON!, module, env)
        assert.ok(lines.length > 0, 'no test ran')
        for (const line of lines) await t.test(line.test, () => assert.equal(line.problem, null, line.problem ?? ''))
      })
    }
  })
})
