import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import type { Data, Region } from '../src/contract/index.ts'
import { cocoBoxes } from '../src/engines/coco-ssd/forward.ts'
import type { Engine } from '../src/engines/engine.ts'
import { boxRegion } from '../src/engines/kit.ts'
import { dataOf } from '../src/workflow/data.ts'
import { alternate, noteOf } from './kit/alternate.ts'
import { EMBEDDER, Engines, headNode, pictureInput, planOf } from './kit/engine-case.ts'
import { DIMENSIONS, heads, photos } from './kit/predict-case.ts'
import type { Result } from './kit/result.ts'
import { median } from './kit/statistics.ts'

const CROPS = 10
const ROUNDS = 15
const CALLS = 4
const THRESHOLD = 0.05
const BOXES_MAX = 100
const [DETECTOR_PX, CLASSIFIER_PX] = [300, 224]
const TOLERANCE = 1e-3

interface Box {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** Ten boxes of those found: real photos rarely have exactly ten objects, so that some are cut out again, smaller. */
function tenOf<T extends Box>(boxes: readonly T[]): T[] {
  return Array.from({ length: CROPS }, (_, at) => {
    const box = boxes[at % boxes.length]!
    const inset = (Math.floor(at / boxes.length) * (box.right - box.left)) / 25
    return { ...box, left: box.left + inset, right: box.right - inset }
  })
}

const tenRegions: Engine = {
  name: 'ten-regions',
  weights: [],
  load: async () => ({
    bytes: 0,
    dispose: async () => {},
    infer: async (items) => items.map(({ data }) => dataOf({ regions: tenOf(data.regions.map(boxOf)).map(regionOf) })),
  }),
}

function boxOf({ regionInfo }: Region): Box {
  const { topRow, leftCol, bottomRow, rightCol } = regionInfo!.boundingBox!
  return { top: topRow, left: leftCol, bottom: bottomRow, right: rightCol }
}

const regionOf = (box: Box): Region => boxRegion(box, 1, {})

/** Objects of a photo, the ten best cut out and sorted by embedding and head, against the same by hand in one batch. */
export async function run(): Promise<Result> {
  const engines = new Engines([tenRegions])
  const files = await engines.fetch('coco-ssd', 'mobilenet-v3-small')
  const boxed = ['regions[...].region_info.bounding_box']
  const plan = planOf([
    {
      engine: 'coco-ssd',
      weights: ['coco-ssd'],
      params: { detection_threshold: THRESHOLD },
      inputFields: ['image'],
      outputFields: ['regions'],
    },
    { engine: 'ten-regions', inputs: [0], inputFields: ['regions'], outputFields: ['regions'], isModel: false },
    {
      engine: 'image-crop',
      inputs: [1],
      inputFields: ['image', ...boxed],
      outputFields: ['regions[...].data.image'],
      isModel: false,
    },
    { ...EMBEDDER, inputs: [2] },
    headNode(0, 3),
  ])
  const pictures = (await photos()).map((bytes) => ({ bytes, input: pictureInput(bytes) }))
  const byHand = await handWritten(files['coco-ssd']!.model!, files['mobilenet-v3-small']!.model!)
  const ours = async (at: number): Promise<number[][]> => valuesOf((await engines.run(plan, pictures[at]!.input))[4]!)
  for (const [at, { bytes }] of pictures.entries()) checkSame(await ours(at), await byHand(bytes))

  let [mine, theirs] = [0, 0]
  const compared = await alternate(
    ROUNDS,
    CALLS,
    () => ours(mine++ % pictures.length),
    () => byHand(pictures[theirs++ % pictures.length]!.bytes),
  )
  await engines.cache.unload()
  return {
    name: `detector, ${CROPS} crops, classifier, vs onnxruntime with the crops in one batch by hand`,
    ours: 1000 / compared.ours.cpuMs,
    baseline: 1000 / compared.baseline.cpuMs,
    unit: 'pictures per second of processor time',
    ratio: 1 / median(compared.cpuRatios),
    aim: '>= 0.9',
    note: noteOf(compared),
  }
}

/** The work by hand: one decoding, ten crops resized from the decoded picture, one run of the classifier. */
async function handWritten(
  detectorFile: string,
  classifierFile: string,
): Promise<(photo: Buffer) => Promise<number[][]>> {
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }
  const detector = await InferenceSession.create(detectorFile, options)
  const classifier = await InferenceSession.create(classifierFile, options)
  const [{ weights, bias }] = heads() as [ReturnType<typeof heads>[number]]
  const rows = weights.map((row) => Float32Array.from(row))
  return async (photo) => {
    const { data, info } = await sharp(photo).raw().toBuffer({ resolveWithObject: true })
    const raw = { width: info.width, height: info.height, channels: 3 } as const
    const whole = await sharp(data, { raw })
      .resize(DETECTOR_PX, DETECTOR_PX, { fit: 'fill', kernel: 'linear' })
      .raw()
      .toBuffer()
    const seen = new Float32Array(whole.length)
    planar(whole, seen, 1 / 127.5, -1)
    const found = await detector.run({ input: new Tensor('float32', seen, [1, 3, DETECTOR_PX, DETECTOR_PX]) }, [
      'boxes',
      'scores',
    ])
    const [boxes, scores] = [found.boxes!.data as Float32Array, found.scores!.data as Float32Array]
    // Limited to the picture, as the regions that the detector answers are.
    const best = tenOf(cocoBoxes({ boxes, scores }, THRESHOLD, BOXES_MAX).map(clamped))
    const size = 3 * CLASSIFIER_PX ** 2
    const pixels = new Float32Array(best.length * size)
    await Promise.all(
      best.map(async ({ top, left, bottom, right }, at) => {
        const across = span(left, right, info.width)
        const down = span(top, bottom, info.height)
        const crop = await sharp(data, { raw })
          .extract({ left: across.start, top: down.start, width: across.length, height: down.length })
          .resize(CLASSIFIER_PX, CLASSIFIER_PX, { fit: 'fill', kernel: 'linear' })
          .raw()
          .toBuffer()
        planar(crop, pixels.subarray(at * size, (at + 1) * size), 1, 0)
      }),
    )
    const { embedding } = await classifier.run(
      { input: new Tensor('float32', pixels, [best.length, 3, CLASSIFIER_PX, CLASSIFIER_PX]) },
      ['embedding'],
    )
    return best.map((_, at) => {
      const vector = (embedding!.data as Float32Array).subarray(at * DIMENSIONS, (at + 1) * DIMENSIONS)
      const scale = 1 / Math.hypot(...vector)
      return rows.map((row, place) => {
        let sum = 0
        for (let i = 0; i < row.length; i++) sum += row[i]! * vector[i]!
        return 1 / (1 + Math.exp(-(sum * scale + bias[place]!)))
      })
    })
  }
}

function planar(rgb: Uint8Array, into: Float32Array, scale: number, offset: number): void {
  const plane = rgb.length / 3
  for (let from = 0, to = 0; to < plane; from += 3, to++) {
    for (let channel = 0; channel < 3; channel++) into[to + channel * plane] = rgb[from + channel]! * scale + offset
  }
}

const clamped = ({ top, left, bottom, right }: Box): Box => boxOf(boxRegion({ top, left, bottom, right }, 1, {}))

/** The whole pixels from one edge to another, both given as shares. */
function span(from: number, to: number, limit: number): { start: number; length: number } {
  const start = Math.min(limit - 1, Math.max(0, Math.round(Math.max(0, from) * limit)))
  const end = Math.min(limit, Math.max(start + 1, Math.round(Math.min(1, to) * limit)))
  return { start, length: end - start }
}

/** By region, the values of its concepts in the order of the head. */
const valuesOf = ({ regions }: Data): number[][] =>
  regions.map(({ data }) => [...data!.concepts].sort((a, b) => a.id.localeCompare(b.id)).map(({ value }) => value))

/** Throws unless both found the same regions and sorted them the same way. */
function checkSame(ours: readonly number[][], byHand: readonly number[][]): void {
  const isSame =
    ours.length === CROPS &&
    ours.length === byHand.length &&
    ours.every((values, at) => values.every((value, row) => Math.abs(value - byHand[at]![row]!) < TOLERANCE))
  if (!isSame) throw new Error(`through the engine ${JSON.stringify(ours)}, by hand ${JSON.stringify(byHand)}`)
}
