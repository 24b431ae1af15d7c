import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { compileWith, model, node } from '../test-support.ts'
import type { CompileOptions } from './types.ts'

const models = {
  detect: model('visual-detector'),
  crop: model('image-crop'),
  classify: model('visual-classifier'),
  landmarks: model('visual-keypointer'),
  align: model('image-align'),
  embed: model('visual-embedder'),
  ocr: model('optical-character-recognizer'),
  join: model('text-aggregation-operator'),
  language: model('language-id-operator'),
  filter: model('concept-thresholder'),
  regions: model('region-thresholder'),
  write: model('annotation-writer'),
  track: model('centroid-tracker'),
  multi: model('multimodal-embedder'),
  sentiment: model('text-classifier'),
  transcribe: model('audio-to-text'),
  count: model('object-counter'),
}
type Nodes = ReturnType<typeof node>[]
const compiles = (nodes: Nodes, options?: CompileOptions) => compileWith(nodes, models, options)
const refuses = (nodes: Nodes, details: RegExp, options?: CompileOptions) =>
  assert.rejects(compiles(nodes, options), { code: StatusCode.WORKFLOW_INVALID_GRAPH, details })

test('known good chains compile', async () => {
  await compiles([node('detect'), node('crop', ['detect']), node('classify', ['crop'])])
  await compiles([
    node('detect'),
    node('crop', ['detect']),
    node('landmarks', ['crop']),
    node('align', ['landmarks']),
    node('embed', ['align']),
  ])
  await compiles([node('ocr'), node('join', ['ocr']), node('language', ['join'])])
  await compiles([node('ocr'), node('language', ['ocr'])])
  await compiles([node('detect'), node('regions', ['detect']), node('crop', ['regions'])])
  await compiles([node('detect'), node('track', ['detect']), node('write', ['track'])])
  await compiles([node('transcribe'), node('sentiment', ['transcribe'])])
  await compiles([node('classify'), node('filter', ['classify']), node('detect', ['filter'])])
  await compiles([node('multi')])
  await compiles([node('detect'), node('count', ['detect'])])
})

test('a lifted classifier makes concepts of regions', async () => {
  const chain = [node('detect'), node('crop', ['detect']), node('classify', ['crop'])]
  await compiles([...chain, node('regions', ['classify'])])
  await compiles([...chain, node('filter', ['classify'])])
})

test('a field that nobody gives is refused, with node, type and field', async () => {
  await refuses([node('crop')], /"crop" \(image-crop\) needs "regions\[\.\.\.\]\.region_info\.bounding_box".*input/)
  await refuses([node('filter')], /"filter" \(concept-thresholder\) needs "concepts"/)
  await refuses([node('embed'), node('filter', ['embed'])], /"filter".*needs "concepts".*none of the nodes/)
  await refuses([node('classify'), node('crop', ['classify'])], /"crop"/)
  await refuses([node('classify'), node('join', ['classify'])], /"join".*"regions\[\.\.\.\]\.data\.text"/)
})

test('fields of nodes that are not before a node do not count', async () => {
  await refuses([node('detect'), node('classify'), node('crop', ['classify'])], /"crop"/)
})

test('what passes everything on gives what it gets', async () => {
  await compiles([node('classify'), node('write', ['classify']), node('filter', ['write'])])
  await refuses([node('embed'), node('write', ['embed']), node('filter', ['write'])], /"filter"/)
})

test('fields of a model go before those of its type', async () => {
  const own = { ...models, ages: model('visual-detector', { outputFields: ['regions[...].data.concepts'] }) }
  await assert.rejects(compileWith([node('ages'), node('crop', ['ages'])], own), { details: /"crop"/ })
})

test('workflows on what a model has answered are stored, and run on nothing else', async () => {
  await compiles([node('filter')], { over: 'outputs' })
  await compiles([node('filter'), node('write', ['filter'])], { over: 'either' })
  await compiles([node('regions')], { over: 'either' })
  await compiles([node('classify')], { over: 'either' })
  await refuses([node('classify')], /"classify".*needs "image"/, { over: 'outputs' })
  // A node that begins with an input says that the workflow is one on inputs.
  await refuses([node('classify'), node('crop', ['classify'])], /"crop"/, { over: 'either' })
  await refuses([node('classify'), node('filter')], /"filter".*needs "concepts"/, { over: 'either' })
})
