import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { DataSchema, ImageSchema } from '../contract/index.ts'
import { ImageHandle } from '../media/image.ts'
import type { EngineItem, InferScope } from './engine.ts'
import { MAX_PICTURES_PER_RUN } from './limits.ts'
import { PictureBatches } from './picture-batches.ts'
import { createScope } from './scope.ts'

const SIDE_PX = 2

/** Answers the first red value of each picture, and notes how many it was given at a time. */
function redNet() {
  const runs: number[] = []
  const batches = new PictureBatches({
    name: 'red',
    sidePx: SIDE_PX,
    prepare: (rgb, into) => into.set(rgb),
    async run(pixels, pictures) {
      runs.push(pictures)
      return Array.from({ length: pictures }, (_, at) => Float32Array.of(pixels[at * 3 * SIDE_PX ** 2]!))
    },
  })
  return { runs, batches }
}

const scopeOf = (): InferScope => createScope(new AbortController().signal)

function itemOf(red: number, scope = scopeOf()): EngineItem {
  const pixels = new Uint8Array(4 * 4 * 3).fill(red)
  const image = create(ImageSchema)
  scope.bindImage(image, ImageHandle.fromRaw(pixels, 4, 4))
  return { data: create(DataSchema, { image }), scope }
}

const brokenItem = (): EngineItem => ({
  data: create(DataSchema, { image: { base64: Buffer.from('no picture') } }),
  scope: scopeOf(),
})

test('pictures are computed several at a time and answered in their order', async () => {
  const { runs, batches } = redNet()
  const items = Array.from({ length: MAX_PICTURES_PER_RUN + 2 }, (_, at) => itemOf(at * 10))
  const rows = await batches.rows(items)
  assert.deepEqual(
    rows.map(([red]) => red),
    items.map((_, at) => at * 10),
  )
  assert.deepEqual(runs, [MAX_PICTURES_PER_RUN, 2])
})

test('a picture of an input is computed once, in the same call and in later ones', async () => {
  const { runs, batches } = redNet()
  const item = itemOf(70)
  assert.deepEqual(
    (await batches.rows([item, item])).flatMap((row) => [...row]),
    [70, 70],
  )
  assert.deepEqual([...(await batches.rows([item]))[0]!], [70])
  assert.deepEqual(runs, [1])
})

test('a picture that cannot be decoded fails, and what the others gave is kept', async () => {
  const { runs, batches } = redNet()
  const [first, last] = [itemOf(1), itemOf(3)]
  const broken = brokenItem()
  await assert.rejects(batches.rows([first, broken, last]), { code: 30101 })
  await assert.rejects(batches.rows([broken]), { code: 30101 })
  assert.deepEqual(
    (await batches.rows([first, last])).flatMap((row) => [...row]),
    [1, 3],
  )
  assert.deepEqual(runs, [2])
})

test('a cancelled call computes nothing more', async () => {
  const { runs, batches } = redNet()
  const abort = new AbortController()
  const item = itemOf(1, createScope(abort.signal))
  abort.abort(new Error('enough'))
  await assert.rejects(batches.rows([item]), /enough/)
  assert.deepEqual(runs, [])
})
