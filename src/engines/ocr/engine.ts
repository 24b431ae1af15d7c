import { readFile } from 'node:fs/promises'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { DataSchema, TextSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { ImageHandle } from '../../media/image.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { boxRegion, eachItem, pictureOf, weightFile } from '../kit.ts'
import { floatTensor, type ModelSpec, OnnxModel } from '../onnx.ts'
import { toPlanarBgr } from '../pixels.ts'
import { alphabetOf, decodeCtc, type ReadText } from './ctc.ts'
import { inReadingOrder, textAreas } from './text-areas.ts'

const WEIGHT = 'pp-ocrv4'
/** Longest side of the picture in which text is looked for, in pixels. */
const DETECTION_SIDE_MAX_PX = 960
/** Sides must be multiples of the network's total stride. */
const DETECTION_STEP_PX = 32
const LINE_HEIGHT_PX = 48
/** Widest line that is read, in pixels of its 48 pixel high copy; longer ones are squeezed. */
const LINE_WIDTH_MAX_PX = 3_200
const LINE_WIDTH_MIN_PX = 16
/** Mean probability of its characters from which a line counts as read. */
const TEXT_SCORE_MIN = 0.5
/** Most lines read in one picture. */
const LINES_MAX = 400
const CLASSES = 6_625

const MEAN = [0.485, 0.456, 0.406]
const DEVIATION = [0.229, 0.224, 0.225]
const HALF = [0.5, 0.5, 0.5]

/** What the text detection file must look like: the probability that a pixel is text. */
export const OCR_DETECTION_SPEC: ModelSpec = {
  title: 'PP-OCRv4 text detection',
  inputs: { x: { type: 'float32', shape: [null, 3, null, null] } },
  outputs: { 'sigmoid_0.tmp_0': { type: 'float32', shape: [null, 1, null, null] } },
}

/** What the text recognition file must look like: probabilities per step and character. */
export const OCR_RECOGNITION_SPEC: ModelSpec = {
  title: 'PP-OCRv4 text recognition',
  inputs: { x: { type: 'float32', shape: [null, 3, LINE_HEIGHT_PX, null] } },
  outputs: { 'softmax_11.tmp_0': { type: 'float32', shape: [null, null, CLASSES] } },
}

/** Reads printed text: image -> regions with box, data.text.raw and value, in reading order. */
export const paddleOcr: Engine = {
  name: 'paddle-ocr',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const alphabet = alphabetOf(await readFile(weightFile(files, WEIGHT, 'keys'), 'utf8'))
    if (alphabet.length !== CLASSES) {
      throw new AppError(
        StatusCode.MODEL_DEPLOYMENT_FAILED,
        `The keys file of the text recognition has ${alphabet.length - 2} lines instead of ${CLASSES - 2}; install the models again.`,
      )
    }
    const detection = await OnnxModel.load(weightFile(files, WEIGHT, 'det'), OCR_DETECTION_SPEC)
    const recognition = await OnnxModel.load(weightFile(files, WEIGHT, 'rec'), OCR_RECOGNITION_SPEC)
    return {
      bytes: detection.bytes + recognition.bytes,
      dispose: async () => {
        await detection.dispose()
        await recognition.dispose()
      },
      infer: (items) =>
        eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const regions = []
          for (const box of await findLines(detection, handle)) {
            item.scope.signal.throwIfAborted()
            const { text, score } = await readLine(recognition, alphabet, handle, box)
            if (text === '' || score < TEXT_SCORE_MIN) continue
            regions.push(boxRegion(box, score, { text: create(TextSchema, { raw: text }) }))
          }
          return create(DataSchema, { regions })
        }),
    }
  },
}

interface LineBox {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** Boxes around lines of text, their edges as shares of the picture, in reading order. */
async function findLines(detection: OnnxModel, handle: ImageHandle): Promise<LineBox[]> {
  const shrink = Math.min(1, DETECTION_SIDE_MAX_PX / Math.max(handle.width, handle.height))
  const side = (length: number): number =>
    Math.max(DETECTION_STEP_PX, Math.round((length * shrink) / DETECTION_STEP_PX) * DETECTION_STEP_PX)
  const [width, height] = [side(handle.width), side(handle.height)]
  const pixels = toPlanarBgr(await handle.rgb(width, height), MEAN, DEVIATION)
  const output = await detection.run({ x: floatTensor(pixels, [1, 3, height, width]) })
  const areas = textAreas(output['sigmoid_0.tmp_0']!.data, width, height)
  return inReadingOrder(areas)
    .slice(0, LINES_MAX)
    .map(({ top, left, bottom, right }) => ({
      top: top / height,
      left: left / width,
      bottom: bottom / height,
      right: right / width,
    }))
}

async function readLine(
  recognition: OnnxModel,
  alphabet: readonly string[],
  handle: ImageHandle,
  box: LineBox,
): Promise<ReadText> {
  const line = handle.crop(box)
  const natural = Math.round((LINE_HEIGHT_PX * line.width) / line.height)
  const width = Math.min(LINE_WIDTH_MAX_PX, Math.max(LINE_WIDTH_MIN_PX, natural))
  const pixels = toPlanarBgr(await line.rgb(width, LINE_HEIGHT_PX), HALF, HALF)
  const output = await recognition.run({ x: floatTensor(pixels, [1, 3, LINE_HEIGHT_PX, width]) })
  return decodeCtc(output['softmax_11.tmp_0']!.data, alphabet)
}
