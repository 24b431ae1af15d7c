// Workflows as files: `limpid workflows` and the Node SDK read what the other has written.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, mock, test } from 'node:test'
import { App, User, Workflow } from 'clarifai-nodejs'
import { PAT, runLimpid, startLimpid, USER } from './kit/server.ts'

const limpid = await startLimpid()
const folder = await mkdtemp(join(tmpdir(), 'limpid-workflow-files-'))
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const authConfig = (appId: string) => ({ userId: USER, appId, pat: PAT, base: limpid.url })
const file = (name: string): string => join(folder, name)

const FILE = `workflow:
  id: sure-faces
  nodes:
    - id: find
      model:
        model_id: face-detection
        user_id: clarifai
        app_id: main
    - id: sure
      model:
        model_id: sure
        model_type_id: region-thresholder
        description: what is surely a face
        output_info:
          params:
            concept_threshold_type: GREATER_THAN
            filter_other_concepts: false
      node_inputs:
        - node_id: find
      suppress_output: true
    - id: crop
      model:
        model_id: margin-110-image-crop
        user_id: clarifai
        app_id: main
      node_inputs:
        - node_id: sure
`

async function run(...args: string[]) {
  const { ended } = runLimpid(['workflows', ...args, '--url', limpid.url], { LIMPID_USER: USER, LIMPID_PAT: PAT })
  return ended
}
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  assert.equal(code, 0, stderr)
  return stdout
}

interface Node {
  readonly id: string
  readonly model: { readonly id: string; readonly userId: string; readonly modelVersion: { readonly id: string } }
  readonly nodeInputs?: readonly { readonly nodeId: string }[]
  readonly suppressOutput?: boolean
}

async function nodesOf(app: string, workflow: string): Promise<readonly Node[]> {
  const response = await fetch(`${limpid.url}/v2/users/${USER}/apps/${app}/workflows/${workflow}?json_names=camel`, {
    headers: { authorization: `Key ${PAT}` },
  })
  const answer = (await response.json()) as { workflow?: { nodes: readonly Node[] } }
  return answer.workflow?.nodes ?? []
}
const shapeOf = (nodes: readonly Node[]) =>
  nodes.map(({ id, model, nodeInputs = [], suppressOutput = false }) => [
    id,
    model.id,
    nodeInputs.map(({ nodeId }) => nodeId),
    suppressOutput,
  ])

describe('workflow files', () => {
  before(async () => {
    mock.method(console, 'info', () => {})
    mock.method(console, 'table', () => {})
    const user = new User(authConfig(''))
    for (const appId of ['files-a', 'files-b', 'files-c']) await user.createApp({ appId, baseWorkflow: 'Universal' })
    await writeFile(file('first.yml'), FILE)
  })

  test('a file makes the workflow and the models that it describes; again it is refused, with --replace renewed', async () => {
    assert.match(await done('import', file('first.yml'), '--app', 'files-a'), /sure-faces is in the app files-a/)
    const first = await nodesOf('files-a', 'sure-faces')
    assert.deepEqual(shapeOf(first), [
      ['find', 'face-detection', [], false],
      ['sure', 'sure', ['find'], true],
      ['crop', 'margin-110-image-crop', ['sure'], false],
    ])
    const again = await run('import', file('first.yml'), '--app', 'files-a')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /^limpid: .*already exists/)

    await done('import', file('first.yml'), '--app', 'files-a', '--replace')
    assert.equal((await nodesOf('files-a', 'sure-faces'))[1]!.model.modelVersion.id, first[1]!.model.modelVersion.id)
    await writeFile(file('other.yml'), FILE.replace('GREATER_THAN', 'LESS_THAN'))
    await done('import', file('other.yml'), '--app', 'files-a', '--replace')
    assert.notEqual((await nodesOf('files-a', 'sure-faces'))[1]!.model.modelVersion.id, first[1]!.model.modelVersion.id)
  })

  test('what is exported can be imported: by ids, and with the models of the app described', async () => {
    const before = shapeOf(await nodesOf('files-a', 'sure-faces'))
    await done('export', 'sure-faces', file('ids.yml'), '--app', 'files-a')
    assert.match(await readFile(file('ids.yml'), 'utf8'), /model_version_id: [0-9a-f]{32}\n +user_id: tester/)
    await done('import', file('ids.yml'), '--app', 'files-b', '--id', 'by-ids')
    assert.deepEqual(shapeOf(await nodesOf('files-b', 'by-ids')), before)

    await done('export', 'sure-faces', file('whole.yml'), '--app', 'files-a', '--inline')
    assert.match(await readFile(file('whole.yml'), 'utf8'), /model_type_id: region-thresholder/)
    await done('import', file('whole.yml'), '--app', 'files-b')
    const nodes = await nodesOf('files-b', 'sure-faces')
    assert.deepEqual(shapeOf(nodes), before)
    assert.deepEqual(
      await done('export', 'sure-faces', '--app', 'files-b', '--inline'),
      await readFile(file('whole.yml'), 'utf8'),
    )
  })

  test('the Node SDK makes workflows of our files', async () => {
    // By ids: to make models of a file, the SDK calls api.clarifai.com, wherever it was told that the server is.
    await done('export', 'sure-faces', file('node.yml'), '--app', 'files-a', '--keys', 'node')
    const app = new App({ authConfig: authConfig('files-c') })
    await app.createWorkflow({ configFilePath: file('node.yml') })
    const made = shapeOf(await nodesOf('files-c', 'sure-faces'))
    // The SDK does not know of suppressed nodes.
    assert.deepEqual(
      made,
      shapeOf(await nodesOf('files-a', 'sure-faces')).map(([id, model, from]) => [id, model, from, false]),
    )
  })

  test('we make workflows of the files of the Node SDK', async () => {
    const workflow = new Workflow({ workflowId: 'sure-faces', authConfig: authConfig('files-c') })
    await workflow.exportWorkflow(file('sdk.yml'))
    await done('import', file('sdk.yml'), '--app', 'files-b', '--id', 'from-sdk')
    const [given, made] = [await nodesOf('files-c', 'sure-faces'), await nodesOf('files-b', 'from-sdk')]
    assert.deepEqual(made, given)
  })

  test('mistakes are told in one sentence', async () => {
    const said = async (text: string) => {
      await writeFile(file('wrong.yml'), text)
      const { code, stderr } = await run('import', file('wrong.yml'), '--app', 'files-a')
      assert.equal(code, 1)
      return stderr
    }
    const one = (model: string) => `workflow: {id: wrong, nodes: [{id: n, model: {${model}}}]}`
    assert.match(await said('workflow: ['), /^limpid: The file is no YAML: .*\n$/)
    assert.match(
      await said(one('model_id: nothing')),
      /^limpid: The node "n" names the model 'nothing', .*model_type_id.*\n$/,
    )
    assert.match(await said(one('model_id: sure, model_type_id: image-crop')), /of the type region-thresholder/)
    assert.match((await run('import', file('none.yml'), '--app', 'files-a')).stderr, /cannot be read \(ENOENT\)/)
    assert.match((await run('export', 'none', '--app', 'files-a')).stderr, /^limpid: .*'none'/)
  })
})
