// Retrieval-augmented answers by the Node SDK: its own app, prompter and workflow, texts from a file, and a chat with a
// language model that runs on another server.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, mock, test } from 'node:test'
import { RAG, User } from 'clarifai-nodejs'
import { startOpenAi } from '../kit/remote-servers.ts'
import { send } from './kit/http.ts'
import { PAT, startLimpid, USER } from './kit/server.ts'

const TEXTS = [
  'Cook the onions and carrots slowly before you add the stock to the soup.',
  'The motor of the car needs new oil and another spark plug every year.',
]

const remote = await startOpenAi()
const limpid = await startLimpid({ env: { LIMPID_FETCH_ALLOW: '127.0.0.1' } })
let folder = ''
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await remote[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function post(path: string, body: object): Promise<void> {
  const answer = await send(limpid.url, 'POST', `/v2/users/${USER}${path}`, { body })
  assert.equal(answer.body.status.code, 10000, answer.text)
}

before(async () => {
  mock.method(console, 'info', () => {})
  mock.method(console, 'table', () => {})
  folder = await mkdtemp(join(tmpdir(), 'limpid-rag-'))
  await post('/apps', { apps: [{ id: 'talk' }] })
  await post('/apps/talk/models', { models: [{ id: 'writer', model_type_id: 'text-to-text' }] })
  const settings = { runtime: 'openai', base_url: `${remote.url}/v1`, model: 'tiny', api_key: 'sk-test' }
  const version = { output_info: { params: { remote: settings } } }
  await post('/apps/talk/models/writer/versions', { model_versions: [version] })
})

/** The texts of the app that stand in the last request to the language model. */
const found = () => {
  const prompt = JSON.stringify(remote.got.at(-1)!.body.messages)
  return TEXTS.filter((text) => prompt.includes(text.slice(0, 40)))
}

test('setup, upload, chat', async () => {
  const authConfig = { userId: USER, pat: PAT, base: limpid.url }
  const rag = await RAG.setup({
    authConfig,
    llmUrl: `https://clarifai.com/${USER}/talk/models/writer`,
    workflowYamlFilename: join(folder, 'prompter.yaml'),
    minScore: 0,
    maxResults: 1,
  } as Parameters<typeof RAG.setup>[0])
  const apps = (await Array.fromAsync(new User({ ...authConfig, appId: '' }).listApps())).flat()
  const { id: appId } = apps.find(({ id }) => id.startsWith('rag_app_'))!

  for (const [at, text] of TEXTS.entries()) {
    const filePath = join(folder, `text-${at}.txt`)
    await writeFile(filePath, text)
    await rag.upload({ filePath, metadata: { shelf: at } })
  }
  // The inputs become searchable in the background.
  const counts = async () => {
    const { body } = await send(limpid.url, 'GET', `/v2/users/${USER}/apps/${appId}/inputs/status`)
    return (body as unknown as { counts: { processed: number; errors: number } }).counts
  }
  for (let at = 0; (await counts()).processed < TEXTS.length; at++)
    assert.ok(at < 2_000, JSON.stringify(await counts()))

  for (const [question, text] of [
    ['Which vegetables go into the pot first?', TEXTS[0]],
    ['What should a mechanic replace?', TEXTS[1]],
  ] as const) {
    const messages = await rag.chat({ messages: [{ role: 'human', content: question }] })
    assert.ok(messages.at(-1)!.content.startsWith('user: '), messages.at(-1)!.content)
    assert.ok(JSON.stringify(remote.got.at(-1)!.body).includes(question))
    assert.deepEqual(found(), [text])
  }
})
