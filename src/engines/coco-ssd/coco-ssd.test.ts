import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { ConceptSchema } from '../../contract/index.ts'
import { ImageHandle } from '../../media/image.ts'
import type { LoadedEngine } from '../engine.ts'
import { itemOfBytes, itemOfPicture, loadForTest, PLAIN, platformPhoto } from '../test-weights.ts'
import { cocoSsd, cocoTags } from './engine.ts'
import { cocoBoxes, cocoClassScores } from './forward.ts'
import { COCO_LABELS } from './labels.ts'

const PERSON = 0
const TRAIN = 6
const UNUSED = 11

/** Network answers with two anchors: boxes by anchor, scores by anchor and class. */
function forwardOf(boxes: number[][], scores: Record<number, number>[]) {
  const flat = new Float32Array(boxes.length * COCO_LABELS.length)
  for (const [anchor, own] of scores.entries()) {
    for (const [label, score] of Object.entries(own)) flat[anchor * COCO_LABELS.length + Number(label)] = score
  }
  return { boxes: Float32Array.from(boxes.flat()), scores: flat }
}

test('there are 80 labels in 90 places, known by the COCO ids', () => {
  assert.equal(COCO_LABELS.length, 90)
  assert.equal(COCO_LABELS.filter((label) => label).length, 80)
  assert.deepEqual(COCO_LABELS[9], { id: 'traffic-light', name: 'traffic light' })
  assert.deepEqual(COCO_LABELS[TRAIN], { id: 'ai_HLmqFqBf', name: 'train' })
  assert.equal(COCO_LABELS[89]?.name, 'toothbrush')
  assert.equal(COCO_LABELS[UNUSED], undefined)
})

test('overlapping boxes of one class become one, of two classes stay two', () => {
  const box = [0.1, 0.1, 0.5, 0.5]
  const shifted = [0.12, 0.1, 0.52, 0.5]
  const forward = forwardOf([box, shifted], [{ [PERSON]: 0.9, [TRAIN]: 0.6 }, { [PERSON]: 0.8 }])
  const found = cocoBoxes(forward, 0.4, 100).map(({ label, score }) => [label, Number(score.toFixed(2))])
  assert.deepEqual(found, [
    [PERSON, 0.9],
    [TRAIN, 0.6],
  ])
})

test('boxes without area, places without label and low scores are left out', () => {
  const forward = forwardOf(
    [
      [0.1, 0.1, 0.1, 0.5],
      [0, 0, 1, 1],
    ],
    [{ [PERSON]: 0.9 }, { [UNUSED]: 0.9, [TRAIN]: 0.39 }],
  )
  assert.deepEqual(cocoBoxes(forward, 0.4, 100), [])
})

test('the value of a class is its best over all boxes', () => {
  const forward = forwardOf(
    [
      [0, 0, 1, 1],
      [0, 0, 1, 1],
    ],
    [{ [PERSON]: 0.25 }, { [PERSON]: 0.75, [TRAIN]: 0.5 }],
  )
  const scores = cocoClassScores(forward)
  assert.deepEqual([scores[PERSON], scores[TRAIN], scores[1]], [0.75, 0.5, 0])
})

let detector: LoadedEngine
let tagger: LoadedEngine
before(async () => {
  detector = await loadForTest(cocoSsd)
  tagger = await loadForTest(cocoTags)
})
after(async () => {
  await detector.dispose()
  await tagger.dispose()
})

test('people on a platform are found where they stand', async () => {
  const [answer] = await detector.infer([itemOfBytes(await platformPhoto())], PLAIN)
  const people = answer!.regions.filter((region) => region.data?.concepts[0]?.name === 'person')
  assert.ok(people.length >= 2)
  // The woman in red stands left of the blue box, in the right half of the picture.
  const inRed = people.find(({ regionInfo }) => {
    const { leftCol, rightCol, topRow, bottomRow } = regionInfo!.boundingBox!
    return leftCol > 0.62 && rightCol < 0.73 && topRow > 0.45 && bottomRow < 0.72
  })
  assert.ok(inRed && inRed.value > 0.5)
  assert.equal(inRed.value, inRed.data?.concepts[0]?.value)
})

test('a higher detection_threshold leaves only surer boxes', async () => {
  const item = itemOfBytes(await platformPhoto())
  const [all] = await detector.infer([item], PLAIN)
  const [few] = await detector.infer([item], { params: { detection_threshold: 0.65 }, concepts: [] })
  assert.ok(few!.regions.length > 0 && few!.regions.length < all!.regions.length)
  assert.ok(few!.regions.every((region) => region.value >= 0.65))
  const wrong = { params: { detection_threshold: 7 }, concepts: [] }
  await assert.rejects(async () => detector.infer([item], wrong), { code: 21202 })
})

test('tags and boxes of one picture come from one run of the network', async () => {
  const item = itemOfBytes(await platformPhoto())
  const keys: string[] = []
  const { scope } = item
  const counted = {
    ...item,
    scope: {
      ...scope,
      memo: <T>(key: string, compute: () => Promise<T>) =>
        scope.memo(key, () => {
          keys.push(key)
          return compute()
        }),
    },
  }
  const [boxes] = await detector.infer([counted], PLAIN)
  const [tags] = await tagger.infer([counted], PLAIN)
  assert.equal(keys.length, 1)
  assert.equal(tags!.concepts.length, 80)
  assert.equal(tags!.concepts[0]?.value, boxes!.regions[0]?.value)
  assert.ok(tags!.concepts.every((concept, at, all) => at === 0 || concept.value <= all[at - 1]!.value))
})

test('concepts of the model version give classes their ids', async () => {
  const own = create(ConceptSchema, { id: 'human', name: 'person', appId: 'mine', userId: 'me' })
  const [tags] = await tagger.infer([itemOfBytes(await platformPhoto())], { params: {}, concepts: [own] })
  const { id, name, appId, userId } = tags!.concepts[0]!
  assert.deepEqual({ id, name, appId, userId }, { id: 'human', name: 'person', appId: 'mine', userId: 'me' })
})

test('an empty wall shows nothing, and damaged bytes are refused', async () => {
  const wall = ImageHandle.fromRaw(new Uint8Array(64 * 48 * 3).fill(200), 64, 48)
  const [nothing] = await detector.infer([itemOfPicture(wall)], PLAIN)
  assert.deepEqual(nothing!.regions, [])
  await assert.rejects(detector.infer([itemOfBytes(Buffer.from('no picture'))], PLAIN), { code: 30101 })
})
