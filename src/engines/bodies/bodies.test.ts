import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Data, Region } from '../../contract/index.ts'
import { ImageHandle } from '../../media/image.ts'
import { sharp } from '../../media/sharp-setup.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine } from '../engine.ts'
import { facePhotos, itemOfBytes, itemOfPicture, loadForTest, PLAIN, platformPhoto } from '../test-weights.ts'
import { handLandmarks } from './hands.ts'
import { decodePalms, handSquare } from './palms.ts'
import { bodyRegion, movenetMultipose, movenetPose, movenetThunder, surePeople } from './pose.ts'
import { selfieSegmentation } from './segmentation.ts'

let evening: Buffer
let sofa: Buffer
let party: Buffer
before(async () => {
  const photos = await facePhotos()
  evening = photos.evening
  sofa = photos.sofa
  party = photos.party
})

async function ask(engine: Engine, picture: Buffer | ImageHandle): Promise<Data> {
  const loaded = await loadForTest(engine)
  try {
    const item = picture instanceof ImageHandle ? itemOfPicture(picture) : itemOfBytes(picture)
    return (await loaded.infer([item], PLAIN))[0]!
  } finally {
    await loaded.dispose()
  }
}

const black = (): ImageHandle => ImageHandle.fromRaw(new Uint8Array(60 * 40 * 3), 60, 40)

test('points of a body come back from the letterboxed square, unsure ones as not visible', () => {
  const values = new Float32Array(17 * 3)
  // In a picture twice as wide as high, the middle half of the square shows the picture.
  for (const [at, x, y, score] of [
    [0, 0.5, 0.5, 0.9],
    [5, 0.25, 0.375, 0.8],
    [6, 0.75, 0.625, 0.7],
    [11, 0.5, 0.25, 0.6],
    [12, 0.5, 0.1, 0.9],
    [13, 0.5, 0.5, 0.2],
  ] as const) {
    values.set([y, x, score], at * 3)
  }
  const concept = conceptMaker(PLAIN)
  const [region] = bodyRegion(values, { width: 200, height: 100 }, concept, 192)
  const { keypointLocations: points, boundingBox: box } = region!.regionInfo!
  assert.deepEqual([points.length, points[5]!.row, points[5]!.col, points[6]!.row], [17, 0.25, 0.25, 0.75])
  assert.deepEqual(
    [0, 5, 12, 13].map((at) => points[at]!.visibility),
    [1, 1, 2, 2],
  )
  assert.deepEqual([box!.topRow, box!.leftCol, box!.bottomRow, box!.rightCol], [0, 0.25, 0.75, 0.75])
  assert.ok(Math.abs(region!.value - 0.75) < 1e-6)
  values[6 * 3 + 2] = 0
  assert.deepEqual(bodyRegion(values, { width: 200, height: 100 }, concept, 192), [])
})

test('a body is found with its head above its shoulders, none in the dark', async () => {
  const photo = await ImageHandle.decode(evening)
  const { regions } = await ask(movenetPose, photo.crop({ top: 0, left: 0.6, bottom: 1, right: 1 }))
  assert.equal(regions.length, 1)
  const { keypointLocations: points } = regions[0]!.regionInfo!
  const { name, keypointInfo } = regions[0]!.data!.concepts[0]!
  assert.deepEqual([name, keypointInfo!.keypointNames.length, keypointInfo!.skeleton.length], ['person', 17, 16])
  const at = (part: string) => points[keypointInfo!.keypointNames.indexOf(part)]!
  for (const part of ['nose', 'left eye', 'right eye', 'left shoulder']) assert.equal(at(part).visibility, 1, part)
  assert.ok(at('left eye').row < at('nose').row && at('nose').row < at('left shoulder').row)
  assert.ok(at('left eye').col > at('right eye').col, 'she looks into the camera')
  assert.deepEqual((await ask(movenetPose, black())).regions, [])
})

test('a palm is read off its anchor, and the square around its hand points with the fingers', () => {
  const values = new Float32Array(2944 * 19)
  for (let at = 0; at < 2944; at++) values[at * 19] = -9
  // The second box of the cell in row 1, column 2 of the grid of 16 pixels; its anchor is at (40, 24).
  const at = 2048 + (1 * 16 + 2) * 2 + 1
  values.set([3, 2, -4, 20, 30, 0, 10, 0, 0, 20, 10], at * 19)
  const [palm, ...others] = decodePalms(values)
  assert.equal(others.length, 0)
  assert.deepEqual([palm!.left, palm!.right, palm!.top, palm!.bottom], [32, 52, 5, 35])
  assert.deepEqual(
    [palm!.points[0], palm!.points[2]],
    [
      { x: 40, y: 34 },
      { x: 60, y: 34 },
    ],
  )
  const square = handSquare(palm!)
  assert.ok(Math.abs(square.angle - Math.PI / 2) < 1e-9, 'fingers that point to the right')
  assert.ok(Math.abs(square.centerX - 57) < 1e-9 && Math.abs(square.centerY - 20) < 1e-9)
  assert.equal(square.side, 78)
})

/** Where the hands are on the photo, as shares of its width and height. */
const HANDS = [
  { x: 0.16, y: 0.28 },
  { x: 0.2, y: 0.88 },
  { x: 0.46, y: 0.83 },
  { x: 0.68, y: 0.59 },
]

test('the four hands of a photo are found, each with its fingers, and none in the dark', async () => {
  const { regions } = await ask(handLandmarks, sofa)
  assert.equal(regions.length, 4)
  for (const { x, y } of HANDS) {
    const holds = ({ regionInfo }: Region): boolean => {
      const { topRow, leftCol, bottomRow, rightCol } = regionInfo!.boundingBox!
      return topRow < y && y < bottomRow && leftCol < x && x < rightCol && rightCol - leftCol < 0.2
    }
    assert.equal(regions.filter(holds).length, 1, `${x} ${y}`)
  }
  const { name, keypointInfo } = regions[0]!.data!.concepts[0]!
  const { keypointNames: names, skeleton } = keypointInfo!
  assert.deepEqual([name, names.length, names[8], skeleton.length], ['hand', 21, 'index tip', 20])
  assert.deepEqual(
    [skeleton[4], skeleton[5]].map((line) => [line!.k1, line!.k2]),
    [
      [0, 5],
      [5, 6],
    ],
  )
  for (const { regionInfo } of regions) {
    const points = regionInfo!.keypointLocations
    const { topRow, leftCol, bottomRow, rightCol } = regionInfo!.boundingBox!
    const size = Math.hypot(bottomRow - topRow, rightCol - leftCol)
    for (const { k1, k2 } of skeleton) {
      const length = Math.hypot(points[k1]!.col - points[k2]!.col, points[k1]!.row - points[k2]!.row)
      assert.ok(length > 0 && length < 0.75 * size, `${names[k1]} to ${names[k2]}`)
    }
  }
  assert.deepEqual((await ask(handLandmarks, black())).regions, [])
})

test('people are parted from the background', async () => {
  const { regions } = await ask(selfieSegmentation, party)
  assert.deepEqual(regions.map(({ data }) => data!.concepts[0]!.name).sort(), ['background', 'person'])
  const sum = regions.reduce((total, { value }) => total + value, 0)
  assert.ok(Math.abs(sum - 1) < 1e-6 && regions[0]!.value >= regions[1]!.value)
  const person = regions.find(({ data }) => data!.concepts[0]!.name === 'person')!
  assert.equal(person.data!.concepts[0]!.value, person.value)
  const { image } = person.regionInfo!.mask!
  const { data, info } = await sharp(image!.base64).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true })
  assert.deepEqual([info.width, info.height], [image!.imageInfo!.width, image!.imageInfo!.height])
  const at = (x: number, y: number): number =>
    data[Math.floor(y * info.height) * info.width + Math.floor(x * info.width)]!
  assert.deepEqual([at(0.32, 0.6), at(0.62, 0.6), at(0.83, 0.6), at(0.1, 0.1)], [255, 255, 255, 0])
  const empty = await ask(selfieSegmentation, await platformPhoto())
  assert.equal(empty.regions[0]!.data!.concepts[0]!.name, 'background')
  assert.ok(empty.regions[0]!.value > 0.99)
})

test('several people are found at once, one more exactly', async () => {
  const { regions } = await ask(movenetMultipose, sofa)
  assert.equal(regions.length, 3)
  for (const { regionInfo } of regions) assert.equal(regionInfo!.keypointLocations.length, 17)
  const columns = regions.map(({ regionInfo }) => regionInfo!.keypointLocations[0]!.col).sort()
  assert.ok(columns[2]! - columns[0]! > 0.3, 'three different people')
  assert.deepEqual((await ask(movenetMultipose, black())).regions, [])
  const [exact] = (await ask(movenetThunder, sofa)).regions
  assert.ok(exact!.value > 0.4)
})

test('people that the network is unsure of are left out', () => {
  const values = new Float32Array(6 * 56)
  values[56 + 55] = 0.9
  values[5 * 56 + 55] = 0.1
  assert.deepEqual(
    surePeople(values).map((person) => person[55]!.toFixed(1)),
    ['0.9'],
  )
})
