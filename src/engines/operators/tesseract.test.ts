import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { ImageSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import { dataOf } from '../../workflow/data.ts'
import { executePlan } from '../../workflow/run/execute.ts'
import { compileWith, node } from '../../workflow/test-support.ts'
import { pictureOfWords } from '../ocr/test-text.ts'
import { createScope } from '../scope.ts'
import { itemOfPicture, loadForTest, PLAIN } from '../test-weights.ts'
import { tesseract } from './tesseract.ts'
import { OperatorHost, operatorModel } from './test-host.ts'

const signal = new AbortController().signal

test('lines of a picture become one text, in a workflow too', async (t) => {
  const engine = await loadForTest(tesseract)
  t.after(() => engine.dispose())
  const picture = await pictureOfWords(1000, 500, [
    { text: 'HORSE', left: 60, top: 60, dot: 8 },
    { text: 'PLATE', left: 60, top: 300, dot: 6 },
  ])
  const blank = ImageHandle.fromRaw(new Uint8Array(320 * 200 * 3).fill(255), 320, 200)
  const [words, nothing] = await engine.infer([itemOfPicture(picture), itemOfPicture(blank)], PLAIN)
  assert.equal(words!.text!.raw, 'HORSE\nPLATE')
  assert.deepEqual(words!.regions, [])
  assert.equal(nothing!.text, undefined)
  for (const language of ['deu', 7, 'ENG']) {
    await assert.rejects(engine.infer([itemOfPicture(blank)], { ...PLAIN, params: { language } }), {
      code: StatusCode.MODEL_INVALID_ARGUMENT,
    })
  }

  const models = { read: operatorModel('tesseract-operator'), find: operatorModel('keyword-filter-operator') }
  const { plan } = await compileWith(
    [node('read'), node('find', ['read'], { params: { keywords: ['plate', 'train'] } })],
    models,
  )
  assert.deepEqual(plan.nodes[0]!.weights, ['pp-ocrv4'])
  const host = new OperatorHost({})
  host.load = async (name) => (name === 'tesseract-operator' ? engine : new OperatorHost({}).load(name))
  const image = create(ImageSchema)
  createScope(signal).bindImage(image, picture)
  const [result] = await executePlan(plan, [dataOf({ image })], host, { sampleMs: 1000 }, signal)
  assert.deepEqual(
    result!.nodes[1]!.data!.concepts.map(({ id }) => id),
    ['plate'],
  )
})
