import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { DataSchema, type Region } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { dataOf } from '../../workflow/data.ts'
import { imageData, model } from '../../workflow/test-support.ts'
import { isolation } from './isolation.ts'
import { MAX_COMPARED_BOXES } from './limits.ts'
import { OperatorHost, runWorkflow } from './test-host.ts'
import { apply, concept, region } from './test-support.ts'

const at = (label: string, x: number, y: number, size = 0.1): Region =>
  region(`${label}-${x}`, [y, x, y + size, x + size], create(DataSchema, { concepts: [concept(label, 0.9)] }))
const labels = async (regions: Region[], params: JsonObject = {}, ids: string[] = []) =>
  (
    await apply(isolation, create(DataSchema, { regions }), { params, concepts: ids.map((id) => concept(id)) })
  ).regions.map(({ data }) => data?.concepts.slice(1).flatMap(({ id, value }) => [id, value]) ?? [])

test('regions are labelled by whether another one is near', async () => {
  const regions = [at('car', 0.1, 0.1), at('car', 0.15, 0.1), at('car', 0.8, 0.8)]
  assert.deepEqual(await labels(regions), [
    ['crowded', 1],
    ['crowded', 1],
    ['isolated', 1],
  ])
  assert.deepEqual(await labels(regions, { min_distance: 0.04 }), [
    ['isolated', 1],
    ['isolated', 1],
    ['isolated', 1],
  ])
  assert.deepEqual(await labels([at('car', 0.5, 0.5)], { min_distance: 1.4 }), [['isolated', 1]])
  assert.deepEqual(await labels([]), [])
})

test('distances go between middles or between edges', async () => {
  const regions = [at('car', 0.1, 0.1, 0.3), at('car', 0.5, 0.1, 0.3)]
  const params = { min_distance: 0.2 }
  assert.deepEqual(await labels(regions, params), [
    ['isolated', 1],
    ['isolated', 1],
  ])
  assert.deepEqual(await labels(regions, { ...params, distance_metric: 'edge' }), [
    ['crowded', 1],
    ['crowded', 1],
  ])
})

test('only regions with the active concepts are looked at; labels can be named', async () => {
  const regions = [at('person', 0.1, 0.1), at('dog', 0.12, 0.1), at('person', 0.9, 0.9)]
  const params = { isolated_label: 'alone', crowded_label: '' }
  assert.deepEqual(await labels(regions, params, ['person']), [['alone', 1], [], ['alone', 1]])
  assert.deepEqual(await labels(regions, params), [[], [], ['alone', 1]])
})

test('regions keep all they hold, in their order; those without a box are passed on', async () => {
  const bare = create(DataSchema, { regions: [{ id: 'bare' }] }).regions[0]!
  const first = at('car', 0.1, 0.1)
  const data = create(DataSchema, { regions: [first, bare, at('car', 0.9, 0.9)] })
  const answer = await apply(isolation, data)
  assert.deepEqual(
    answer.regions.map(({ id }) => id),
    ['car-0.1', 'bare', 'car-0.9'],
  )
  assert.equal(answer.regions[1], bare)
  assert.deepEqual([answer.regions[0]!.value, first.data!.concepts.length], [0.5, 1])
})

test('parameters that make no sense, and too many regions, are refused', async () => {
  for (const params of [
    { min_distance: -1 },
    { min_distance: 'NaN' },
    { min_distance: 1e9 },
    { distance_metric: 'far' },
    { isolated_label: 7 },
    { isolated_label: 'x'.repeat(1000) },
  ] as JsonObject[]) {
    await assert.rejects(labels([], params), { code: StatusCode.MODEL_INVALID_ARGUMENT }, JSON.stringify(params))
  }
  const many = Array.from({ length: MAX_COMPARED_BOXES + 1 }, () => at('car', 0.1, 0.1))
  await assert.rejects(labels(many), { code: StatusCode.INPUT_OVER_LIMIT })
})

test('in a workflow: only isolated cars are left behind a thresholder', async () => {
  const detect = () => dataOf({ regions: [at('car', 0.1, 0.1), at('car', 0.15, 0.1), at('car', 0.8, 0.8)] })
  const workflow: JsonValue = {
    id: 'alone',
    nodes: [
      { id: 'boxes', model: { id: 'detect' } },
      { id: 'label', model: { id: 'isolation-operator' }, nodeInputs: [{ nodeId: 'boxes' }] },
      {
        id: 'alone',
        model: { id: 'region-thresholder' },
        nodeInputs: [{ nodeId: 'label' }],
        outputInfoOverride: { data: { concepts: [{ id: 'isolated', value: 0.5 }] } },
      },
    ],
  }
  const [result] = await runWorkflow(workflow, new OperatorHost({ detect }), [imageData(1)], {
    detect: model('visual-detector', { modelId: 'detect' }),
  })
  assert.deepEqual(
    result!.alone!.data!.regions.map(({ id }) => id),
    ['car-0.8'],
  )
})
