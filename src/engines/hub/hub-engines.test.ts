import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import type { Engine, EngineItem, EngineSetup, WeightFiles } from '../engine.ts'
import { qwenInstruct } from '../language-model/engine.ts'
import { sample } from '../language-model/sampling.ts'
import { itemOf, itemOfPicture, PLAIN } from '../test-weights.ts'
import { distilbertSst2, toxicBert, vitImageNet } from './classify.ts'
import { clipB32Embed, clipZeroShot } from './clip.ts'
import { decodeCells, rtdetrR18, yoloxS } from './detect.ts'
import { birefnetLite } from './matte.ts'
import { planar, SIGNED_PIXELS } from './picture-input.ts'
import { bgeEmbed, e5Embed } from './sentence-embed.ts'
import {
  CHAT_TOKENIZER,
  chatModel,
  fixedDetector,
  imageClassifierModel,
  matteModel,
  sentenceModel,
  TestFiles,
  textClassifierModel,
  textModel,
  tokenizerFiles,
  visionModel,
} from './test-models.ts'

let folder: TestFiles
before(async () => {
  folder = await TestFiles.make()
})
after(() => folder.remove())

async function ask(engine: Engine, files: WeightFiles, items: readonly EngineItem[], setup: EngineSetup = PLAIN) {
  const loaded = await engine.load(files)
  try {
    assert.ok(loaded.bytes > 0)
    return await loaded.infer(items, setup)
  } finally {
    await loaded.dispose()
  }
}

/** A picture of one colour. */
function plain(red: number, green: number, blue: number, width = 60, height = 40): EngineItem {
  const pixels = new Uint8Array(width * height * 3)
  for (let at = 0; at < pixels.length; at += 3) pixels.set([red, green, blue], at)
  return itemOfPicture(ImageHandle.fromRaw(pixels, width, height))
}
const text = (raw: string): EngineItem => itemOf({ text: { raw } })
const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-3

const clipFiles = () =>
  folder.weight('clip-vit-base-patch32', { vision: visionModel(224), text: textModel(), ...tokenizerFiles() })

test('CLIP puts pictures and texts into one space', async () => {
  const answers = await ask(clipB32Embed, await clipFiles(), [plain(255, 0, 0), text('a photo of red'), text('Blue')])
  const [red, word, blue] = answers.map((data) => data.embeddings[0]!.vector)
  assert.equal(red!.length, 3)
  // Red at its brightest, by the mean and deviation that CLIP was trained with.
  const raw = [(1 - 0.48145466) / 0.26862954, -0.4578275 / 0.26130258, -0.40821073 / 0.27577711]
  const length = Math.hypot(...raw)
  for (const [at, value] of raw.entries()) assert.ok(near(red![at]!, value / length))
  assert.deepEqual(
    [word, blue],
    [
      [1, 0, 0],
      [0, 0, 1],
    ],
  )
  await assert.rejects(ask(clipB32Embed, await clipFiles(), [itemOf({})]), {
    code: StatusCode.INPUT_UNSUPPORTED_FORMAT,
  })
})

test('CLIP chooses among the labels of the call', async () => {
  const setup = { params: { candidate_labels: ['green', 'red', 'blue'] }, concepts: [] }
  const [data] = await ask(clipZeroShot, await clipFiles(), [plain(20, 250, 10)], setup)
  const names = data!.concepts.map(({ name }) => name)
  assert.equal(names[0], 'green')
  assert.ok(data!.concepts[0]!.value > 0.99)
  await assert.rejects(ask(clipZeroShot, await clipFiles(), [plain(1, 1, 1)]), /needs labels to choose from/)
})

test('vectors of sentences are means of their tokens or the first one; what fills up a batch does not count', async () => {
  const files = { model: sentenceModel(), ...tokenizerFiles() }
  const items = [text('red'), text('red green of a photo'), text('green')]
  const bge = await ask(bgeEmbed, await folder.weight('bge-small-en-v1-5', files), items)
  for (const data of bge) assert.deepEqual(data.embeddings[0]!.vector, [0, 0, 1, 0])
  const e5 = await ask(e5Embed, await folder.weight('multilingual-e5-small', files), items)
  const [one, both, other] = e5.map((data) => data.embeddings[0]!.vector)
  for (const vector of [one, both, other]) assert.equal(vector![3], 0)
  assert.ok(near(one![0]!, 9 / Math.hypot(9, 1)) && near(other![1]!, 9 / Math.hypot(9, 1)))
  assert.ok(near(both![0]!, both![1]!))
})

test('texts are classified, exclusively or not, under the labels of the configuration', async () => {
  const files = {
    model: textClassifierModel(),
    config: { id2label: { 1: 'POSITIVE', 0: 'NEGATIVE' } },
    ...tokenizerFiles(),
  }
  const [one] = await ask(distilbertSst2, await folder.weight('distilbert-sst2', files), [text('green')])
  assert.deepEqual([one!.concepts[0]!.name, one!.concepts.length], ['POSITIVE', 2])
  assert.ok(near(one!.concepts[0]!.value + one!.concepts[1]!.value, 1))
  const own = { params: {}, concepts: [{ ...one!.concepts[0]!, id: 'mine', name: 'POSITIVE' }] }
  const [both] = await ask(toxicBert, await folder.weight('toxic-bert', files), [text('hello')], own)
  assert.deepEqual(
    both!.concepts.map(({ value }) => value),
    [0.5, 0.5],
  )
  assert.ok(both!.concepts.some(({ id }) => id === 'mine'))
  const wrong = { ...files, config: { id2label: { 0: 'only' } } }
  await assert.rejects(
    ask(toxicBert, await folder.weight('toxic-bert', wrong), [text('hello')]),
    (error: { code: number; details: string }) =>
      error.code === 21350 && /answers 2 classes.*lists 1/.test(error.details),
  )
})

test('pictures are classified; of several names of a class the first counts', async () => {
  const config = { id2label: { 0: 'fire, flame', 1: 'grass', 2: 'sea' } }
  const files = await folder.weight('vit-base-patch16-224', { model: imageClassifierModel(224), config })
  const [data] = await ask(vitImageNet, files, [plain(255, 30, 30)])
  assert.equal(data!.concepts[0]!.name, 'fire')
  assert.ok(data!.concepts[0]!.value > 0.99)
})

test('pixels become planes with mean and deviation', () => {
  const planes = planar(Uint8Array.of(0, 255, 51, 255, 0, 204), SIGNED_PIXELS)
  for (const [at, value] of [-1, 1, 1, -1, -0.6, 0.6].entries()) assert.ok(near(planes[at]!, value))
})

test('RT-DETR: queries become boxes, best first, with the classes of COCO', async () => {
  const logits = new Float32Array(3 * 80).fill(-9)
  logits[0 * 80 + 0] = 2
  logits[1 * 80 + 16] = 4
  logits[2 * 80 + 5] = -1
  const pred_boxes = Float32Array.of(0.5, 0.5, 0.2, 0.4, 0.25, 0.75, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1)
  const model = fixedDetector('pixel_values', {
    logits: { dims: [1, 3, 80], data: logits },
    pred_boxes: { dims: [1, 3, 4], data: pred_boxes },
  })
  const files = await folder.weight('rtdetr-r18', { model, config: {} })
  const [data] = await ask(rtdetrR18, files, [plain(0, 0, 0)])
  assert.deepEqual(
    data!.regions.map((region) => region.data!.concepts[0]!.name),
    ['dog', 'person'],
  )
  const { topRow, leftCol, bottomRow, rightCol } = data!.regions[0]!.regionInfo!.boundingBox!
  assert.ok(near(topRow, 0.5) && near(leftCol, 0) && near(bottomRow, 1) && near(rightCol, 0.5))
  const [all] = await ask(rtdetrR18, files, [plain(0, 0, 0)], { params: { detection_threshold: 0.2 }, concepts: [] })
  assert.equal(all!.regions.length, 3)
})

/** An answer of YOLOX in which some cells see something: row of the cell, then x, y, log width, log height, sureness. */
function cells(
  ...seen: readonly { row: number; box: readonly number[]; label: number; score: number }[]
): Float32Array {
  const data = new Float32Array(8_400 * 85)
  for (const { row, box, label, score } of seen) {
    data.set(box, row * 85)
    data[row * 85 + 5 + label] = score
  }
  return data
}

test('YOLOX: cells become boxes in the picture beside which the square was filled; overlapping ones are one', async () => {
  // Rows 0 to 6399 are cells of 8 pixels; the middle of the square is row 40 * 80 + 40.
  const middle = 40 * 80 + 40
  const sure = [0, 0, Math.log(40), Math.log(20), 0.9]
  const data = cells(
    { row: middle, box: sure, label: 2, score: 0.8 },
    { row: middle + 1, box: sure, label: 2, score: 0.7 },
    { row: middle, box: sure, label: 2, score: 0.8 },
  )
  const model = fixedDetector('images', { output: { dims: [1, 8_400, 85], data } })
  const files = await folder.weight('yolox-s', { model })
  const [answer] = await ask(yoloxS, files, [plain(0, 0, 0, 200, 100)])
  assert.equal(answer!.regions.length, 1)
  const [region] = answer!.regions
  assert.equal(region!.data!.concepts[0]!.name, 'car')
  assert.ok(near(region!.value, 0.72))
  // 320 x 160 pixels around the middle of the square, in a picture that fills its middle half.
  const { topRow, leftCol, bottomRow, rightCol } = region!.regionInfo!.boundingBox!
  assert.ok(near(topRow, 0.25) && near(bottomRow, 0.75) && near(leftCol, 0.25) && near(rightCol, 0.75))
  const far = cells({ row: 6_400 + 1_600 + 19, box: [0.5, 0.5, 0, 0, 1], label: 0, score: 1 })
  const [corner] = decodeCells({ data: far, dims: [1, 8_400, 85] }, { width: 640, height: 640 }, 0.4)
  // The last cell of the first row of those of 32 pixels.
  assert.ok(near(corner!.left, 19 / 20) && near(corner!.right, 1) && near(corner!.top, 0))
})

test('BiRefNet: what is light is the subject here, with a mask and its share', async () => {
  const [width, height] = [80, 40]
  const pixels = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) pixels.fill(255, y * width * 3, (y * width + width / 4) * 3)
  const files = await folder.weight('birefnet-lite', { model: matteModel() })
  const [data] = await ask(birefnetLite, files, [itemOfPicture(ImageHandle.fromRaw(pixels, width, height))])
  assert.deepEqual(
    data!.regions.map((region) => region.data!.concepts[0]!.name),
    ['background', 'subject'],
  )
  assert.ok(Math.abs(data!.regions[1]!.value - 0.25) < 0.03)
})

test('a language model answers until it ends, remembering what it has read in pieces', async () => {
  const question = 'a '.repeat(100).trim()
  // system frame 3 + 5 words unknown, user frame and question, assistant frame: counted by the model itself.
  const files = (enough: number) =>
    folder.weight('qwen2-5-0-5b-instruct', { model: chatModel(enough), config: {}, ...tokenizerFiles(CHAT_TOKENIZER) })
  const greedy = { params: { temperature: 0, max_tokens: 5 }, concepts: [] }
  const [cut] = await ask(qwenInstruct, await files(10_000), [text(question)], greedy)
  assert.equal(cut!.text!.raw, 'hello world hello world hello')
  const prompt = 3 + 5 + 3 + 100 + 2
  const [ended] = await ask(qwenInstruct, await files(prompt + 3), [text(question)], greedy)
  assert.equal(ended!.text!.raw, 'hello world hello')
  const [stopped] = await ask(qwenInstruct, await files(prompt + 3), [text('<|im_end|> hello <|im_start|>')], greedy)
  assert.ok(stopped!.text!.raw.startsWith('hello'), 'what frames a talk cannot come from outside')
  await assert.rejects(
    ask(qwenInstruct, await files(1), [text('a '.repeat(5_000))], greedy),
    /shorten it to less than 4096/,
  )
  await assert.rejects(
    ask(qwenInstruct, await files(1), [text('a')], { params: { temperature: 9 }, concepts: [] }),
    /temperature must be a number from 0 to 2/,
  )
})

test('tokens are drawn from the likeliest that together reach the share', () => {
  const logits = Float32Array.of(0, Math.log(6), Math.log(3), -40)
  assert.equal(sample(logits, { temperature: 0, topP: 1 }, 0.99), 1)
  const draw = (topP: number, random: number): number => sample(logits, { temperature: 1, topP }, random)
  assert.deepEqual([draw(1, 0), draw(1, 0.65), draw(1, 0.95)], [1, 2, 0])
  assert.deepEqual([draw(0.6, 0.99), draw(0.7, 0.99)], [1, 2])
  assert.equal(sample(logits, { temperature: 100, topP: 1 }, 0.999), 3, 'heat makes all alike')
})

test('files of another model are refused with what is wrong about them', async () => {
  const refused = (pattern: RegExp) => (error: { code: number; details: string }) =>
    error.code === 21350 && pattern.test(error.details)
  const other = await folder.weight('bge-small-en-v1-5', { model: textModel(), ...tokenizerFiles() })
  await assert.rejects(bgeEmbed.load(other), refused(/has none of the outputs last_hidden_state/))
  const broken = await folder.weight('bge-small-en-v1-5', { model: Buffer.from('no model'), ...tokenizerFiles() })
  await assert.rejects(bgeEmbed.load(broken), refused(/cannot be read; delete it and fetch or import it again/))
  const odd = await folder.weight('bge-small-en-v1-5', {
    model: sentenceModel(),
    tokenizer: { model: {} },
    tokenizerConfig: {},
  })
  await assert.rejects(bgeEmbed.load(odd), refused(/tokenizer that cannot be read/))
})
