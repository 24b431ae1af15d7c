import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, ImageSchema, type Region, RegionSchema, TextSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { ResolvedModel } from '../compile/types.ts'
import { dataOf, regionWith } from '../data.ts'
import { MAX_LIFTED_REGIONS } from '../limits.ts'
import { type Answer, compileWith, concept, FakeHost, imageData, model, node, textData } from '../test-support.ts'
import { executePlan } from './execute.ts'

const signal = new AbortController().signal

async function run(
  nodes: ReturnType<typeof node>[],
  models: Record<string, ResolvedModel>,
  host: FakeHost,
  input: Data,
) {
  const { plan, nodes: shown } = await compileWith(nodes, models)
  const [result] = await executePlan(plan, [input], host, { sampleMs: 1000 }, signal)
  return Object.fromEntries(shown.map(({ index, node: written }) => [written!.id, result!.nodes[index]!]))
}

const box = (id: string, left: number, data?: Data): Region =>
  create(RegionSchema, {
    id,
    value: 0.5,
    regionInfo: { boundingBox: { topRow: 0, leftCol: left, bottomRow: 1, rightCol: left + 0.1 } },
    data,
  })
const tags = (...ids: string[]) => dataOf({ concepts: ids.map((id) => concept(id)) })
const regionIds = (data: Data | undefined) => data?.regions.map(({ id }) => id)
const firstTag = (data: Data | undefined) => data?.regions.map((region) => region.data?.concepts[0]?.id)

const models = {
  detect: model('visual-detector', { modelId: 'detect' }),
  crop: model('image-crop', { engine: 'crop' }),
  classify: model('visual-classifier', { modelId: 'classify' }),
  keep: model('region-thresholder', { engine: 'keep' }),
  filter: model('concept-thresholder', { engine: 'filter' }),
  inner: model('visual-detector', { modelId: 'inner' }),
  innerCrop: model('image-crop', { engine: 'crop' }),
  ocr: model('optical-character-recognizer', { modelId: 'ocr' }),
  language: model('language-id-operator', { engine: 'language' }),
  join: model('text-aggregation-operator', { engine: 'join' }),
  multi: model('multimodal-to-text', { modelId: 'multi' }),
}

/** Three things at 0.1, 0.2, 0.3; crops are pictures whose bytes are the picture's and the box's left edge in percent. */
const answers: Record<string, Answer> = {
  detect: () => dataOf({ regions: [1, 2, 3].map((n) => box(`r${n}`, n / 10, tags(`thing${n}`))) }),
  crop: ({ data }) =>
    dataOf({
      regions: data.regions.map((region) => {
        const left = Math.round(region.regionInfo!.boundingBox!.leftCol * 100)
        const base64 = Uint8Array.from([...data.image!.base64, left])
        return regionWith(region, dataOf({ image: create(ImageSchema, { base64 }) }))
      }),
    }),
  classify: ({ data }) => tags(`saw ${data.image!.base64.join('-')}`),
  keep: ({ data }) => dataOf({ regions: data.regions.filter(({ id }) => id !== 'r2') }),
  filter: ({ data }) => dataOf({ concepts: data.concepts.filter(({ id }) => id !== 'saw 9-10') }),
  inner: ({ data }) => dataOf({ regions: [box('', 0.7, tags(`in ${data.image!.base64.at(-1)}`))] }),
  ocr: () =>
    dataOf({
      regions: ['un', 'deux'].map((raw, n) => box(`t${n}`, n / 10, dataOf({ text: create(TextSchema, { raw }) }))),
    }),
  language: ({ data }) => tags(`lang ${data.text!.raw}`),
  join: ({ data }) => textData(data.regions.map((region) => region.data!.text!.raw).join(' ')),
}

test('a classifier behind a cropper runs on each crop, in one batch, and answers in its region', async () => {
  const host = new FakeHost(answers)
  const result = await run(
    [node('detect'), node('crop', ['detect']), node('classify', ['crop'])],
    models,
    host,
    imageData(9),
  )
  assert.deepEqual(host.batches.get('classify'), [3])
  const { regions } = result.classify!.data!
  assert.deepEqual(regionIds(result.classify!.data), ['r1', 'r2', 'r3'])
  assert.deepEqual(firstTag(result.classify!.data), ['saw 9-10', 'saw 9-20', 'saw 9-30'])
  assert.equal(regions[0]!.regionInfo!.boundingBox!.leftCol, 0.1)
  assert.equal(regions[0]!.value, 0.5)
  assert.equal(regions[0]!.data!.image, undefined)
})

test('without a cropper the classifier looks back to the whole picture', async () => {
  const host = new FakeHost(answers)
  const result = await run([node('detect'), node('classify', ['detect'])], models, host, imageData(9))
  assert.deepEqual(
    result.classify!.data!.concepts.map(({ id }) => id),
    ['saw 9'],
  )
})

//  detect -> crop -> keep (drops r2) -> classify
test('a region that a filter removed is not looked up again behind its back', async () => {
  const host = new FakeHost({
    ...answers,
    keep: ({ data }) =>
      dataOf({
        regions: data.regions.filter(({ id }) => id !== 'r2').map((region) => regionWith(region, tags('kept'))),
      }),
  })
  const withConcepts = { ...models, crop: model('image-crop', { engine: 'crop' }) }
  const result = await run(
    [node('detect'), node('crop', ['detect']), node('keep', ['detect', 'crop']), node('classify', ['keep'])],
    withConcepts,
    host,
    imageData(9),
  )
  assert.deepEqual(regionIds(result.classify!.data), ['r1', 'r3'])
  assert.deepEqual(firstTag(result.classify!.data), ['saw 9-10', 'saw 9-30'])
})

test('a lifted filter drops the regions it leaves nothing in', async () => {
  const host = new FakeHost(answers)
  const result = await run(
    [node('detect'), node('crop', ['detect']), node('classify', ['crop']), node('filter', ['classify'])],
    models,
    host,
    imageData(9),
  )
  assert.deepEqual(regionIds(result.filter!.data), ['r2', 'r3'])
})

//  detect -> crop -> inner (detects in each crop) -> innerCrop -> classify
test('a crop of a crop: regions inside regions', async () => {
  const host = new FakeHost(answers)
  const result = await run(
    [
      node('detect'),
      node('crop', ['detect']),
      node('inner', ['crop']),
      node('innerCrop', ['inner']),
      node('classify', ['innerCrop']),
    ],
    models,
    host,
    imageData(9),
  )
  assert.equal(host.items('classify'), 3)
  const outer = result.classify!.data!.regions
  assert.deepEqual(
    outer.map(({ id }) => id),
    ['r1', 'r2', 'r3'],
  )
  assert.deepEqual(
    outer.map(({ data }) => data!.regions[0]!.data!.concepts[0]!.id),
    ['saw 9-10-70', 'saw 9-20-70', 'saw 9-30-70'],
  )
  assert.match(outer[0]!.data!.regions[0]!.id, /^[0-9a-f]{32}$/)
})

test('text of regions: lifted for what reads one text, whole for what joins them', async () => {
  const host = new FakeHost(answers)
  const result = await run(
    [node('ocr'), node('language', ['ocr']), node('join', ['ocr']), node('all', ['join'], { model: 'language' })],
    models,
    host,
    imageData(9),
  )
  assert.deepEqual(firstTag(result.language!.data), ['lang un', 'lang deux'])
  assert.equal(result.join!.data!.text!.raw, 'un deux')
  assert.deepEqual(
    result.all!.data!.concepts.map(({ id }) => id),
    ['lang un deux'],
  )
})

//  detect -> crop -> ocr -> join: one text per crop
test('what joins regions is lifted itself when they lie inside regions', async () => {
  const host = new FakeHost(answers)
  const result = await run(
    [node('detect'), node('crop', ['detect']), node('ocr', ['crop']), node('join', ['ocr'])],
    models,
    host,
    imageData(9),
  )
  assert.deepEqual(
    result.join!.data!.regions.map(({ data }) => data!.text!.raw),
    ['un deux', 'un deux', 'un deux'],
  )
})

test('a text around the picture serves each of its crops', async () => {
  const seen: string[] = []
  const host = new FakeHost({
    ...answers,
    multi: ({ data }) => {
      seen.push(`${data.text?.raw} ${data.image?.base64.join('-')}`)
      return textData('ok')
    },
  })
  const input = imageData(9)
  input.text = textData('who?').text
  await run([node('detect'), node('crop', ['detect']), node('multi', ['crop'])], models, host, input)
  assert.deepEqual(seen, ['who? 9-10', 'who? 9-20', 'who? 9-30'])
})

test('regions that come with the input are used, and get ids', async () => {
  const host = new FakeHost(answers)
  const input = imageData(9)
  input.regions = [box('', 0.4), box('', 0.6)]
  const { compileSingle } = await import('../compile/compile.ts')
  const { plan } = compileSingle(models.crop)
  const [result] = await executePlan(plan, [input], host, { sampleMs: 1000 }, signal)
  const { regions } = result!.nodes[0]!.data!
  assert.deepEqual(
    regions.map(({ data }) => [...data!.image!.base64]),
    [
      [9, 40],
      [9, 60],
    ],
  )
  assert.match(regions[0]!.id, /^[0-9a-f]{32}$/)
  assert.equal(input.regions[0]!.id, '')
})

test('a failing region fails its node, not the others', async () => {
  const host = new FakeHost({
    ...answers,
    classify: ({ data }) => {
      if (data.image!.base64.at(-1) === 20) throw new AppError(StatusCode.ALL_INPUT_INVALID_BYTES, 'damaged')
      return tags('ok')
    },
  })
  const result = await run(
    [node('detect'), node('crop', ['detect']), node('classify', ['crop'])],
    models,
    host,
    imageData(9),
  )
  assert.deepEqual(
    [result.crop!.code, result.classify!.code, result.classify!.data],
    [StatusCode.SUCCESS, StatusCode.ALL_INPUT_INVALID_BYTES, undefined],
  )
})

test('too many regions are refused', async () => {
  const many = Array.from({ length: MAX_LIFTED_REGIONS + 1 }, (_, n) => box(`r${n}`, 0.1))
  const host = new FakeHost({ ...answers, detect: () => dataOf({ regions: many }) })
  const result = await run(
    [node('detect'), node('crop', ['detect']), node('classify', ['crop'])],
    models,
    host,
    imageData(9),
  )
  assert.equal(result.classify!.code, StatusCode.INPUT_OVER_LIMIT)
  assert.equal(host.items('classify'), 0)
})
