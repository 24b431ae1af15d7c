import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonValue } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { model, textData } from '../../workflow/test-support.ts'
import { OperatorHost, runWorkflow } from './test-host.ts'

const chain = (id: string, modelId: string, ...inputs: string[]) => ({
  id,
  model: { id: modelId },
  nodeInputs: inputs.map((nodeId) => ({ nodeId })),
})
const workflow: JsonValue = {
  id: 'names',
  nodes: [chain('tokens', 'tag'), chain('names', 'tokens-to-entity-operator', 'tokens')],
}
const models = { tag: model('text-token-classifier', { modelId: 'tag' }) }

const place = (charStart: number, rawText: string) => ({ charStart, charEnd: charStart + rawText.length, rawText })
const tagged = (regionInfo: object, tag: string) => ({
  regionInfo,
  data: { concepts: [{ id: tag, name: tag, value: 0.5 }] },
})
const names = async (data: Data) => {
  const [result] = await runWorkflow(
    workflow,
    new OperatorHost({ tag: () => data }),
    [textData('Ada Lovelace')],
    models,
  )
  assert.equal(result!.names!.code, StatusCode.SUCCESS)
  return (result!.names!.data?.regions ?? []).map(({ regionInfo, data: inner }) => [
    regionInfo!.span!.rawText,
    inner!.concepts[0]!.id,
  ])
}

test('in a workflow: spans and tokens of a tagger become entities', async () => {
  for (const kind of ['span', 'token']) {
    const regions = [
      tagged({ [kind]: place(0, 'Ada') }, 'B-PER'),
      tagged({ [kind]: place(4, 'Lovelace') }, 'I-PER'),
      tagged({ [kind]: place(20, 'London') }, 'B-LOC'),
    ]
    assert.deepEqual(await names(create(DataSchema, { regions })), [
      ['Ada Lovelace', 'PER'],
      ['London', 'LOC'],
    ])
  }
})

test('a text without tokens, and tokens without concepts or place, give nothing', async () => {
  assert.deepEqual(await names(create(DataSchema)), [])
  const regions = [{ regionInfo: { span: place(0, 'Ada') } }, tagged({}, 'B-PER')]
  assert.deepEqual(await names(create(DataSchema, { regions })), [])
})
