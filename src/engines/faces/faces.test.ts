import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ImageHandle } from '../../media/image.ts'
import type { Engine } from '../engine.ts'
import { facePhotos, itemOfBytes, itemOfPicture, loadForTest, PLAIN, platformPhoto } from '../test-weights.ts'
import { dot } from '../vectors.ts'
import { ageRanges, faceAge, faceEmbed, faceEmotion, faceGender } from './attributes.ts'
import { faceSquare, fromSquare } from './crop.ts'
import { faceDetectEmbed, faceDetector } from './detectors.ts'
import { decodeFaces, type Face } from './find.ts'
import { faceLandmarks } from './landmarks.ts'

const EYES = [
  { x: 40, y: 50 },
  { x: 60, y: 50 },
]
const FACE: Face = { top: 30, left: 30, bottom: 70, right: 70, score: 0.9, label: 0, points: EYES }

test('a face is read off its anchor', () => {
  const outputs = {
    scores_16: { data: new Float32Array(512).fill(-9), dims: [] },
    points_16: { data: new Float32Array(512 * 16), dims: [] },
    scores_32: { data: new Float32Array(384).fill(-9), dims: [] },
    points_32: { data: new Float32Array(384 * 16), dims: [] },
  }
  // Second box of the cell in row 1, column 2 of the fine grid; its anchor is at (40, 24).
  const at = (1 * 16 + 2) * 2 + 1
  outputs.scores_16.data[at] = 2
  outputs.points_16.data.set([1, -4, 20, 10, 3, 5], at * 16)
  const [face, ...others] = decodeFaces(outputs)
  assert.equal(others.length, 0)
  assert.deepEqual([face?.left, face?.top, face?.right, face?.bottom], [31, 15, 51, 25])
  assert.deepEqual(face?.points[0], { x: 43, y: 29 })
  assert.ok(Math.abs(face!.score - 0.8808) < 1e-4)
})

test('the square around a face is turned by its eyes, and points come back from it', () => {
  assert.deepEqual(faceSquare(FACE, 1.5), { centerX: 50, centerY: 50, side: 60, angle: 0 })
  const leaning = faceSquare({ ...FACE, points: [EYES[0]!, { x: 40, y: 70 }] }, 1)
  assert.equal(leaning.angle, Math.PI / 2)
  const corner = fromSquare(leaning, 100, { x: 100, y: 50 })
  assert.ok(Math.abs(corner.x - 50) < 1e-9 && Math.abs(corner.y - 70) < 1e-9)
})

test('years of life are added up to ranges', () => {
  const ages = new Float32Array(100)
  ages.set([0.5], 2)
  ages.set([0.25], 3)
  ages.set([0.125], 69)
  ages.set([0.125], 99)
  const values = Object.fromEntries(ageRanges(ages).map(({ label, value }) => [label.name, value]))
  assert.deepEqual(values, {
    '0-2': 0.5,
    '3-9': 0.25,
    '10-19': 0,
    '20-29': 0,
    '30-39': 0,
    '40-49': 0,
    '50-59': 0,
    '60-69': 0.125,
    'more than 70': 0.125,
  })
})

let evening: Buffer
let party: Buffer
before(async () => {
  const photos = await facePhotos()
  evening = photos.evening
  party = photos.party
})

async function ask(engine: Engine, picture: Buffer | ImageHandle) {
  const loaded = await loadForTest(engine)
  const item = picture instanceof ImageHandle ? itemOfPicture(picture) : itemOfBytes(picture)
  try {
    return (await loaded.infer([item], PLAIN))[0]!
  } finally {
    await loaded.dispose()
  }
}

/** The first face of a photo, cut out with a margin, as the image-crop operator does it. */
async function firstFace(photo: Buffer): Promise<ImageHandle> {
  const { regions } = await ask(faceDetector, photo)
  const { topRow, leftCol, bottomRow, rightCol } = regions[0]!.regionInfo!.boundingBox!
  const handle = await ImageHandle.decode(photo)
  return handle.crop({ top: topRow, left: leftCol, bottom: bottomRow, right: rightCol }, { margin: 0.05 })
}

test('the three faces of a photo are found, none on a platform at dusk', async () => {
  const { regions } = await ask(faceDetector, evening)
  assert.equal(regions.length, 3)
  for (const region of regions) {
    assert.equal(region.data?.concepts[0]?.id, 'ai_8jtPl3Xj')
    const { topRow, leftCol, bottomRow, rightCol } = region.regionInfo!.boundingBox!
    assert.ok(bottomRow - topRow > 0.05 && bottomRow - topRow < 0.5 && rightCol > leftCol)
  }
  assert.deepEqual((await ask(faceDetector, await platformPhoto())).regions, [])
})

test('landmarks lie on the face: eyes above nose above mouth, inside the box', async () => {
  const { regions } = await ask(faceLandmarks, party)
  assert.equal(regions.length, 3)
  for (const { regionInfo } of regions) {
    const points = regionInfo!.keypointLocations
    assert.equal(points.length, 468)
    // Numbers of the canonical mesh: outer corners of both eyes, tip of the nose, upper lip.
    const [rightEye, leftEye, nose, lip] = [points[33]!, points[263]!, points[1]!, points[13]!]
    assert.ok(rightEye.col < leftEye.col)
    assert.ok((rightEye.row + leftEye.row) / 2 < nose.row && nose.row < lip.row)
    const { topRow, bottomRow, leftCol, rightCol } = regionInfo!.boundingBox!
    assert.ok(nose.row > topRow && nose.row < bottomRow && nose.col > leftCol && nose.col < rightCol)
  }
})

test('a face looks more like its mirror image than like other faces', async () => {
  const face = await firstFace(party)
  const { data, width, height } = await face.pixels()
  const mirrored = new Uint8Array(data.length)
  for (let at = 0; at < width * height; at++) {
    const from = (Math.floor(at / width) * width + width - 1 - (at % width)) * 3
    mirrored.set(data.subarray(from, from + 3), at * 3)
  }
  const vectorOf = async (picture: ImageHandle): Promise<readonly number[]> =>
    (await ask(faceEmbed, picture)).embeddings[0]!.vector
  const [own, mirror] = [await vectorOf(face), await vectorOf(ImageHandle.fromRaw(mirrored, width, height))]
  const others = (await ask(faceDetectEmbed, evening)).regions.map((region) => region.data!.embeddings[0]!.vector)
  assert.equal(own.length, 1024)
  assert.equal(others.length, 3)
  const best = Math.max(...others.map((other) => dot(own, other)))
  assert.ok(dot(own, mirror) > 0.75 && dot(own, mirror) > best + 0.1, `${dot(own, mirror)} and ${best}`)
})

test('age, gender and expression of a smiling young woman', async () => {
  const { regions } = await ask(faceDetector, party)
  assert.ok(regions.length > 1)
  const handle = await ImageHandle.decode(party)
  const { topRow, leftCol, bottomRow, rightCol } = regions[1]!.regionInfo!.boundingBox!
  const face = handle.crop({ top: topRow, left: leftCol, bottom: bottomRow, right: rightCol }, { margin: 0.05 })
  const age = (await ask(faceAge, face)).concepts
  assert.equal(age[0]?.name, '20-29')
  assert.equal(age[0]?.vocabId, 'age_appearance')
  assert.equal((await ask(faceGender, face)).concepts[0]?.name, 'Feminine')
  const emotion = (await ask(faceEmotion, face)).concepts
  assert.deepEqual([emotion[0]?.name, emotion.length], ['happy', 7])
})

test('nothing is said about the face of a picture without one', async () => {
  const photo = await platformPhoto()
  for (const engine of [faceAge, faceGender, faceEmotion, faceEmbed]) {
    const { concepts, embeddings } = await ask(engine, photo)
    assert.deepEqual([concepts, embeddings], [[], []], engine.name)
  }
})
