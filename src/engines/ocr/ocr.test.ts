import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageHandle } from '../../media/image.ts'
import { itemOfPicture, loadForTest, PLAIN } from '../test-weights.ts'
import { alphabetOf, decodeCtc } from './ctc.ts'
import { paddleOcr } from './engine.ts'
import { pictureOfWords } from './test-text.ts'
import { inReadingOrder, textAreas } from './text-areas.ts'

test('repeated classes are one character unless a blank stands between', () => {
  const alphabet = alphabetOf('a\nb\n')
  assert.deepEqual(alphabet, ['', 'a', 'b', ' '])
  const steps = [1, 1, 0, 1, 2, 2, 3, 3, 2]
  const probabilities = new Float32Array(steps.length * alphabet.length)
  for (const [step, best] of steps.entries()) probabilities[step * alphabet.length + best] = step === 0 ? 0.5 : 1
  const { text, score } = decodeCtc(probabilities, alphabet)
  assert.equal(text, 'aab b')
  // The first 'a' has .5, the four other characters 1.
  assert.equal(score, 0.9)
  assert.deepEqual(decodeCtc(new Float32Array(8), alphabet), { text: '', score: 0 })
})

test('a space that the network nearly saw between two characters is one', () => {
  const alphabet = alphabetOf('a\nb\n')
  const read = (doubt: number): string => {
    const steps = [1, 0, 2, 3, 1]
    const probabilities = new Float32Array(steps.length * alphabet.length)
    for (const [step, best] of steps.entries()) probabilities[step * alphabet.length + best] = 0.9
    probabilities[alphabet.length + 3] = doubt
    return decodeCtc(probabilities, alphabet).text
  }
  assert.equal(read(0.001), 'ab a')
  assert.equal(read(0.1), 'a b a')
})

test('a block of text pixels becomes a box that is grown on all sides', () => {
  const [width, height] = [40, 20]
  const map = new Float32Array(width * height)
  for (let y = 5; y < 10; y++) map.fill(0.9, y * width + 10, y * width + 30)
  map[0] = 1
  const [area, ...others] = textAreas(map, width, height)
  assert.equal(others.length, 0)
  // 20 x 5 pixels grow by 100 * 1.6 / 50 = 3.2.
  assert.deepEqual(
    [area!.top, area!.left, area!.bottom, area!.right].map((edge) => Number(edge.toFixed(2))),
    [1.8, 6.8, 13.2, 33.2],
  )
  assert.ok(Math.abs(area!.score - 0.9) < 1e-6)
})

test('boxes stay inside of the map, faint ones and specks are no text', () => {
  const map = new Float32Array(400)
  map.fill(0.8, 0, 60)
  map.fill(0.4, 200, 260)
  map.fill(0.9, 390, 395)
  const [area, ...others] = textAreas(map, 20, 20)
  assert.equal(others.length, 0)
  assert.deepEqual([area!.top, area!.left, area!.right], [0, 0, 20])
})

test('boxes are read line by line, from left to right', () => {
  const box = (name: string, top: number, left: number) => ({ name, top, left, bottom: top + 10 })
  const boxes = [box('third', 30, 0), box('second', 3, 60), box('first', 5, 0), box('fourth', 34, 50)]
  assert.deepEqual(
    inReadingOrder(boxes).map(({ name }) => name),
    ['first', 'second', 'third', 'fourth'],
  )
})

test('printed words are read where they stand', async (t) => {
  const engine = await loadForTest(paddleOcr)
  t.after(() => engine.dispose())
  const picture = await pictureOfWords(1000, 500, [
    { text: '42', left: 640, top: 296, dot: 6 },
    { text: 'STATION', left: 60, top: 60, dot: 8 },
    { text: 'PLATE', left: 60, top: 300, dot: 6 },
  ])
  const blank = ImageHandle.fromRaw(new Uint8Array(320 * 200 * 3).fill(255), 320, 200)
  const [words, nothing] = await engine.infer([itemOfPicture(picture), itemOfPicture(blank)], PLAIN)
  assert.deepEqual(
    words!.regions.map((region) => region.data?.text?.raw),
    ['STATION', 'PLATE', '42'],
  )
  const { topRow, leftCol, bottomRow, rightCol } = words!.regions[0]!.regionInfo!.boundingBox!
  assert.ok(topRow < 0.13 && topRow > 0.06 && bottomRow > 0.22 && bottomRow < 0.3)
  assert.ok(leftCol < 0.07 && rightCol > 0.37 && rightCol < 0.45)
  assert.ok(words!.regions.every(({ value }) => value > 0.8 && value <= 1))
  assert.deepEqual(nothing!.regions, [])
})
