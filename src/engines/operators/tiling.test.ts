import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonObject } from '@bufbuild/protobuf'
import { type Data, DataSchema, ImageSchema, type Region } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import { dataOf } from '../../workflow/data.ts'
import { model } from '../../workflow/test-support.ts'
import type { EngineItem } from '../engine.ts'
import { imageTiling } from './image-tiling.ts'
import { OperatorHost, runWorkflow } from './test-host.ts'
import { apply, concept, region, scope } from './test-support.ts'
import { tilingRegionAggregator } from './tiling-region-aggregator.ts'

const refused = { code: StatusCode.MODEL_INVALID_ARGUMENT }

function picture(width: number, height: number, paint: (x: number, y: number) => number = () => 0) {
  const pixels = new Uint8Array(width * height * 3)
  for (let at = 0; at < width * height; at++) {
    pixels.fill(paint(at % width, Math.floor(at / width)), at * 3, at * 3 + 3)
  }
  const within = scope()
  const image = create(ImageSchema)
  within.bindImage(image, ImageHandle.fromRaw(pixels, width, height))
  return { image, within }
}

async function tiles(width: number, height: number, params: JsonObject = {}) {
  const { image, within } = picture(width, height)
  const { regions } = await apply(imageTiling, create(DataSchema, { image }), { params }, within)
  return Promise.all(
    regions.map(async ({ regionInfo, data }) => {
      const box = regionInfo!.boundingBox!
      const handle = await within.imageOf(data!.image!)
      const edges = [box.topRow * height, box.leftCol * width, box.bottomRow * height, box.rightCol * width]
      return { edges: edges.map(Math.round), size: [handle.width, handle.height] }
    }),
  )
}

test('tiles have the wanted size, overlap enough and cover the whole picture', async () => {
  const found = await tiles(1000, 300, { tile_size: 400, max_object_size: 100 })
  assert.deepEqual(
    found.map(({ edges }) => edges),
    [
      [0, 0, 300, 400],
      [0, 300, 300, 700],
      [0, 600, 300, 1000],
    ],
  )
  assert.ok(found.every(({ size }) => size[0] === 400 && size[1] === 300))
})

test('whatever the size, anything as large as max_object_size is whole in one tile', async () => {
  for (const [width, height, tile, object] of [
    [513, 700, 512, 120],
    [1111, 97, 128, 127],
    [640, 480, 32, 0],
    [999, 333, 100, 99],
  ] as const) {
    const found = await tiles(width, height, { tile_size: tile, max_object_size: object }).catch((error) => error)
    if (!Array.isArray(found)) {
      assert.equal(found.code, StatusCode.INPUT_OVER_LIMIT)
      continue
    }
    const columns = [...new Map(found.map(({ edges }) => [edges[1], edges])).values()].sort((a, b) => a[1]! - b[1]!)
    assert.equal(columns[0]![1], 0)
    assert.equal(columns.at(-1)![3], width)
    for (const [at, edges] of columns.entries()) {
      if (at > 0) assert.ok(columns[at - 1]![3]! - edges[1]! >= object, `${columns[at - 1]} ${edges}`)
      assert.equal(edges[3]! - edges[1]!, Math.min(tile, width))
    }
  }
})

test('a small picture is one tile; tiles without number are refused', async () => {
  assert.deepEqual(await tiles(500, 20), [{ edges: [0, 0, 20, 500], size: [500, 20] }])
  await assert.rejects(tiles(2000, 2000, { tile_size: 64, max_object_size: 60 }), {
    code: StatusCode.INPUT_OVER_LIMIT,
    details: /raise tile_size/,
  })
})

test('sizes that make no sense are refused', async () => {
  for (const params of [
    { tile_size: 0 },
    { tile_size: -512 },
    { tile_size: 'NaN' },
    { tile_size: 1e9 },
    { tile_size: 100, max_object_size: 100 },
    { max_object_size: -1 },
  ] as JsonObject[]) {
    await assert.rejects(tiles(10, 10, params), refused, JSON.stringify(params))
  }
})

/** A tile (its place in the picture) with what was found on it (places in the tile). */
const tile = (box: [number, number, number, number], ...found: Region[]): Region =>
  region('tile', box, create(DataSchema, { regions: found }))
const found = (label: string, value: number, box: [number, number, number, number]): Region => ({
  ...region(
    `${label}-${value}`,
    box,
    create(DataSchema, { concepts: [concept('other', 0.01), concept(label, value)] }),
  ),
  value,
})
const aggregate = async (regions: Region[], params: JsonObject = {}) =>
  (await apply(tilingRegionAggregator, create(DataSchema, { regions }), { params })).regions.map((one) => {
    const { topRow, leftCol, bottomRow, rightCol } = one.regionInfo!.boundingBox!
    return {
      concepts: one.data!.concepts.map(({ id }) => id),
      value: one.value,
      box: [topRow, leftCol, bottomRow, rightCol].map((edge) => Number(edge.toFixed(3))),
    }
  })
const LEFT: [number, number, number, number] = [0, 0, 1, 0.6]
const RIGHT: [number, number, number, number] = [0, 0.4, 1, 1]

test('boxes go to their place in the picture and keep their surest concept, surest box first', async () => {
  const regions = [
    tile(LEFT, found('cat', 0.5, [0.1, 0.2, 0.5, 0.4])),
    tile(RIGHT, found('dog', 0.9, [0.5, 0.5, 1, 0.9])),
  ]
  assert.deepEqual(await aggregate(regions), [
    { concepts: ['dog'], value: 0.9, box: [0.5, 0.7, 1, 0.94] },
    { concepts: ['cat'], value: 0.5, box: [0.1, 0.12, 0.5, 0.24] },
  ])
})

test('of the same thing on two tiles the surest box stays, other concepts stay beside it', async () => {
  const regions = [
    tile(LEFT, found('cat', 0.5, [0.1, 0.7, 0.5, 0.95])),
    tile(RIGHT, found('cat', 0.8, [0.1, 0.03, 0.5, 0.28]), found('dog', 0.3, [0.1, 0.03, 0.5, 0.28])),
  ]
  assert.deepEqual(
    (await aggregate(regions)).map(({ concepts, value }) => [concepts[0], value]),
    [
      ['cat', 0.8],
      ['dog', 0.3],
    ],
  )
  assert.deepEqual(
    (await aggregate(regions, { min_confidence: 0.4 })).map(({ concepts }) => concepts[0]),
    ['cat'],
  )
})

test('neighbours that overlap less than the threshold stay both', async () => {
  const regions = [tile([0, 0, 1, 1], found('cat', 0.9, [0.1, 0.1, 0.3, 0.3]), found('cat', 0.8, [0.1, 0.2, 0.3, 0.4]))]
  assert.equal((await aggregate(regions)).length, 2)
  assert.equal((await aggregate(regions, { nms_threshold: 0.3 })).length, 1)
})

test('a part that a border has cut off goes when the whole is found, however sure the part is', async () => {
  const part = found('cat', 0.95, [0.1, 0.9, 0.5, 1])
  const whole = found('cat', 0.6, [0.1, 0.2333, 0.5, 0.5])
  assert.deepEqual(
    (await aggregate([tile(LEFT, part), tile(RIGHT, whole)])).map(({ value }) => value),
    [0.6],
  )
  assert.equal((await aggregate([tile(LEFT, part), tile(RIGHT)])).length, 1)
  const edge = found('cat', 0.5, [0.1, 0.9, 0.5, 1])
  const inner = found('cat', 0.9, [0.05, 0.7, 0.55, 1])
  assert.equal((await aggregate([tile([0, 0, 1, 1], edge, inner)])).length, 2)
})

test('what has no box or no concept is left out', async () => {
  const bare = create(DataSchema, { regions: [{ id: 'bare', data: { concepts: [concept('cat', 1)] } }] }).regions[0]!
  const mute = region('mute', [0, 0, 1, 1])
  const nan = found('cat', 0.9, [Number.NaN, 0, 1, 1])
  assert.deepEqual(
    await aggregate([
      tile(LEFT, bare, mute, nan),
      { ...bare, id: 'x' },
      tile([0, 0, Number.NaN, 1], found('cat', 0.9, [0, 0, 1, 1])),
    ]),
    [],
  )
  assert.deepEqual(await aggregate([]), [])
  for (const params of [{ nms_threshold: 2 }, { nms_threshold: -1 }, { min_confidence: 'NaN' }] as JsonObject[]) {
    await assert.rejects(aggregate([], params), refused)
  }
})

test('in a workflow: small things are found on tiles and told in places of the picture, once', async () => {
  const spots = [
    [60, 50],
    [450, 80],
    [700, 250],
  ] as const
  const { image } = picture(800, 300, (x, y) =>
    spots.some(([left, top]) => x >= left && x < left + 40 && y >= top && y < top + 30) ? 255 : 0,
  )
  // A detector that sees bright boxes only where its picture is no wider than 400 pixels.
  const detect = async ({ data, scope: within }: EngineItem): Promise<Data> => {
    const handle = await within.imageOf(data.image!)
    const { data: pixels, width, height } = await handle.pixels()
    const columns = Array.from({ length: width }, (_, x) =>
      Array.from({ length: height }, (_, y) => pixels[(y * width + x) * 3]!),
    )
    const lit = columns.map((column) => column.some((value) => value > 128))
    const regions: Region[] = []
    for (let x = 0; x < width; x++) {
      if (!lit[x] || lit[x - 1]) continue
      let right = x
      while (lit[right + 1]) right++
      const rows = columns[x]!.flatMap((value, y) => (value > 128 ? [y] : []))
      const box: [number, number, number, number] = [
        rows[0]! / height,
        x / width,
        (rows.at(-1)! + 1) / height,
        (right + 1) / width,
      ]
      regions.push({ ...region('', box, dataOf({ concepts: [concept('spot', 0.9)] })), value: 0.9 })
    }
    return dataOf({ regions: width > 400 ? [] : regions })
  }
  const host = new OperatorHost({ detect })
  const chain = (id: string, modelId: string, ...inputs: string[]) => ({
    id,
    model: { id: modelId },
    nodeInputs: inputs.map((nodeId) => ({ nodeId })),
  })
  const workflow = {
    id: 'tiles',
    nodes: [
      {
        ...chain('tiles', 'image-tiling-operator'),
        suppressOutput: true,
        outputInfoOverride: { params: { tile_size: 400, max_object_size: 100 } },
      },
      chain('found', 'detect', 'tiles'),
      chain('all', 'tiling-region-aggregator-operator', 'found'),
      chain('count', 'object-counter', 'all'),
    ],
  }
  const [result] = await runWorkflow(workflow, host, [dataOf({ image })], {
    detect: model('visual-detector', { modelId: 'detect' }),
  })
  const boxes = result!.all!.data!.regions.map(({ regionInfo }) => {
    const { leftCol, topRow, rightCol, bottomRow } = regionInfo!.boundingBox!
    return [leftCol * 800, topRow * 300, rightCol * 800, bottomRow * 300].map(Math.round)
  })
  assert.deepEqual(
    boxes.sort((a, b) => a[0]! - b[0]!),
    spots.map(([left, top]) => [left, top, left + 40, top + 30]),
  )
  assert.deepEqual(result!.count!.data!.metadata, { object_count: 3 })
})
