import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageHandle } from '../../media/image.ts'
import { itemOfBytes, itemOfPicture, loadForTest, PLAIN, platformPhoto } from '../test-weights.ts'
import { dot } from '../vectors.ts'
import { mobilenetV3Embed } from './engine.ts'

test('a smaller copy of a picture is closer to it than another picture', async (t) => {
  const engine = await loadForTest(mobilenetV3Embed)
  t.after(() => engine.dispose())
  const photo = await platformPhoto()
  const handle = await ImageHandle.decode(photo)
  const small = ImageHandle.fromRaw(await handle.rgb(200, 150), 200, 150)
  const stripes = new Uint8Array(200 * 150 * 3).map((_, at) => ((at / 30) & 1) * 255)
  const other = ImageHandle.fromRaw(stripes, 200, 150)
  const answers = await engine.infer([itemOfBytes(photo), itemOfPicture(small), itemOfPicture(other)], PLAIN)
  const [a, b, c] = answers.map((answer) => answer.embeddings[0]!.vector)
  assert.equal(a!.length, 576)
  assert.equal(answers[0]!.embeddings[0]!.numDimensions, 576)
  assert.ok(Math.abs(dot(a!, a!) - 1) < 1e-5)
  assert.ok(dot(a!, b!) > 0.95)
  assert.ok(dot(a!, c!) < dot(a!, b!) - 0.1)
})

test('pictures answered together have the vectors they have alone', async (t) => {
  const engine = await loadForTest(mobilenetV3Embed)
  t.after(() => engine.dispose())
  const handle = await ImageHandle.decode(await platformPhoto())
  const parts = [0, 0.2, 0.4].map((left) => handle.crop({ top: 0.1, left, bottom: 0.9, right: left + 0.5 }))
  const together = await engine.infer(parts.map(itemOfPicture), PLAIN)
  for (const [at, part] of parts.entries()) {
    const [alone] = await engine.infer([itemOfPicture(part)], PLAIN)
    const [a, b] = [together[at]!, alone!].map(({ embeddings }) => embeddings[0]!.vector)
    assert.ok(Math.max(...a!.map((value, i) => Math.abs(value - b![i]!))) < 1e-6)
  }
})
