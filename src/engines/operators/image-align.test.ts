import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema, ImageSchema } from '../../contract/index.ts'
import { ImageHandle } from '../../media/image.ts'
import { imageAlign } from './image-align.ts'
import { apply, concept, scope } from './test-support.ts'

const WIDTH = 200
const HEIGHT = 100
type Spot = [x: number, y: number]

/** A black picture with bright 5 x 5 spots, and the scope that knows it. */
function picture(spots: Spot[]) {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3)
  for (const [x, y] of spots) {
    for (let row = y - 2; row <= y + 2; row++) {
      for (let column = x - 2; column <= x + 2; column++)
        pixels.fill(255, (row * WIDTH + column) * 3, (row * WIDTH + column) * 3 + 3)
    }
  }
  const within = scope()
  const image = create(ImageSchema)
  within.bindImage(image, ImageHandle.fromRaw(pixels, WIDTH, HEIGHT))
  return { image, within }
}

const point = ([x, y]: Spot) => ({ row: (y + 0.5) / HEIGHT, col: (x + 0.5) / WIDTH })

/** Middles of the bright spots of a square picture, left to right. */
async function brightSpots(handle: ImageHandle): Promise<Spot[]> {
  const { data } = await handle.pixels()
  const columns = new Map<number, number[]>()
  for (let at = 0; at < data.length / 3; at++) {
    if (data[at * 3]! > 128) {
      const x = at % handle.width
      columns.set(x, [...(columns.get(x) ?? []), Math.floor(at / handle.width)])
    }
  }
  const spots: { xs: number[]; ys: number[] }[] = []
  for (const [x, ys] of [...columns].sort(([a], [b]) => a - b)) {
    const last = spots.at(-1)
    if (last && x - last.xs.at(-1)! <= 1) {
      last.xs.push(x)
      last.ys.push(...ys)
    } else spots.push({ xs: [x], ys: [...ys] })
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  return spots.map(({ xs, ys }) => [mean(xs), mean(ys)])
}

async function align(data: Data, within: ReturnType<typeof scope>, params = {}) {
  const answer = await apply(imageAlign, data, { params }, within)
  return answer.image && within.imageOf(answer.image)
}

// Right eye, left eye, nose, and two mouth corners of a face that leans to one side.
const eyes: Spot[] = [
  [80, 40],
  [110, 60],
]
const rest: Spot[] = [
  [90, 60],
  [70, 65],
  [90, 79],
]

test('the eyes of a leaning face become level, the square has the wanted size', async () => {
  const { image, within } = picture(eyes)
  const regions = [{ regionInfo: { keypointLocations: [...eyes, ...rest].map(point) } }]
  const aligned = await align(create(DataSchema, { image, regions }), within, { image_size: 128 })
  assert.deepEqual([aligned!.width, aligned!.height], [128, 128])
  const [left, right] = await brightSpots(aligned!)
  assert.ok(Math.abs(left![1] - right![1]) < 1.5, `${left} ${right}`)
  assert.ok(right![0] - left![0] > 30)
  assert.ok(left![1] < 64)
})

test('points in regions of their own, with concepts that name the eyes, do the same', async () => {
  const { image, within } = picture(eyes)
  const named = (spots: Spot[], name: string) =>
    spots.map((spot) => ({ regionInfo: { point: point(spot) }, data: { concepts: [concept(name)] } }))
  const regions = [...named(rest, 'mouth'), ...named([[80, 30]], 'left_eyebrow'), ...named(eyes, 'left-eye')]
  const [left, right] = await brightSpots((await align(create(DataSchema, { image, regions }), within))!)
  assert.ok(Math.abs(left![1] - right![1]) < 2, `${left} ${right}`)
})

test('without known eyes the face is cut out as it stands', async () => {
  const { image, within } = picture(eyes)
  const spots = [...eyes, ...rest, [75, 50], [76, 50]] as Spot[]
  const regions = [{ regionInfo: { keypointLocations: spots.map(point) } }]
  const [left, right] = await brightSpots((await align(create(DataSchema, { image, regions }), within))!)
  const slope = (right![1] - left![1]) / (right![0] - left![0])
  assert.ok(Math.abs(slope - 20 / 30) < 0.1, `${slope}`)
})

test('of several faces the largest is taken', async () => {
  const { image, within } = picture(eyes)
  const small = [
    { row: 0.9, col: 0.9 },
    { row: 0.9, col: 0.92 },
    { row: 0.93, col: 0.91 },
    { row: 0.95, col: 0.9 },
    { row: 0.95, col: 0.92 },
  ]
  const regions = [
    { regionInfo: { keypointLocations: small } },
    { regionInfo: { keypointLocations: [...eyes, ...rest].map(point) } },
  ]
  assert.equal((await brightSpots((await align(create(DataSchema, { image, regions }), within))!)).length, 2)
})

test('no usable points, no answer', async () => {
  const { image, within } = picture([])
  const same = Array.from({ length: 5 }, () => ({ row: 0.5, col: 0.5 }))
  for (const regions of [
    [],
    [{ regionInfo: { point: point([1, 1]) } }],
    [{ regionInfo: { keypointLocations: same } }],
  ]) {
    assert.equal(await align(create(DataSchema, { image, regions }), within), undefined)
  }
})
