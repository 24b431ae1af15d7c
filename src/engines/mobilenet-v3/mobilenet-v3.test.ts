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
