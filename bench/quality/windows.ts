/* The detector that is trained here, on photos with boxes: fixed windows under a linear head. */
import sharp from 'sharp'
import { anchorExamples } from '../../src/domain/training/anchors.ts'
import type { Example, GatheredExamples } from '../../src/domain/training/examples.ts'
import { openOnnxProducts } from '../../src/training/onnx-products.ts'
import { trainHead } from '../../src/training/train-head.ts'
import type { Result } from '../kit/result.ts'
import { ask, picture, vectorOf } from './ask.ts'
import { type Photo, pooledAp, type Thing } from './voc.ts'

const SEED = 0
const base64 = (values: Float32Array): string => Buffer.from(values.buffer).toString('base64')

interface Learned {
  readonly concepts: readonly { readonly id: string; readonly name: string }[]
  readonly params: { readonly weights: string; readonly bias: string; readonly detection_threshold: number }
}

/**
 * AP50 on photos that the detector has not seen (each by one that was trained on the others), and on those that it was
 * trained on, which is the most that windows can do.
 */
export async function windowFigures(photos: readonly Photo[]): Promise<Result[]> {
  const vectors = new Map<string, Float32Array>()
  const all = await learn(photos, photos, vectors)
  const seen = await Promise.all(photos.map((photo) => find(photo, all)))
  const unseen: (Thing & { score: number })[][] = []
  for (const photo of photos) {
    const others = photos.filter((other) => other !== photo)
    unseen.push(await find(photo, await learn(others, photos, vectors)))
  }
  const things = photos.flatMap((photo) => photo.things)
  // What one photo alone shows cannot be learned from the others.
  const learnable = photos.map((photo) => ({
    ...photo,
    things: photo.things.filter(({ name }) =>
      photos.some((other) => other !== photo && other.things.some((one) => one.name === name)),
    ),
  }))
  const count = learnable.reduce((sum, photo) => sum + photo.things.length, 0)
  return [
    {
      name: 'window-detector: AP50, classes pooled, photos it has not seen',
      ours: pooledAp(learnable, unseen),
      unit: 'share',
      note: `trained on ${photos.length - 1} VOC photos each time; ${count} objects whose class another photo shows`,
    },
    {
      name: 'window-detector: AP50, classes pooled, photos it was trained on',
      ours: pooledAp(photos, seen),
      unit: 'share',
      note: `${things.length} objects; no more than this can be had from its windows`,
    },
  ]
}

/** Trains on the boxes of photos as the server does. `known` has vectors that were made before, by photo and box. */
async function learn(
  photos: readonly Photo[],
  every: readonly Photo[],
  known: Map<string, Float32Array>,
): Promise<Learned> {
  const names = [...new Set(photos.flatMap(({ things }) => things.map(({ name }) => name)))].sort()
  const marked = photos.flatMap((photo) => photo.things.map((thing) => ({ inputPk: every.indexOf(photo), thing })))
  const gathered: GatheredExamples = {
    examples: marked.map(({ inputPk, thing: { top, left, bottom, right } }, at) => ({
      inputPk,
      regionId: String(at),
      box: { top, left, bottom, right },
    })),
    labels: {
      rows: Int32Array.from(marked, (_, at) => at),
      concepts: Int32Array.from(marked, ({ thing }) => names.indexOf(thing.name)),
      values: new Float32Array(marked.length).fill(1),
    },
    conceptIds: names,
    gone: 0,
  }
  const { examples, labels } = anchorExamples(gathered, SEED)
  const rows: Float32Array[] = []
  for (const example of examples) rows.push(await vectorAt(every[example.inputPk]!, example, known))
  const dims = rows[0]!.length
  const embeddings = new Float32Array(rows.length * dims)
  for (const [at, vector] of rows.entries()) embeddings.set(vector, at * dims)
  const onnx = await openOnnxProducts(1)
  const groups = Int32Array.from(examples, ({ inputPk }) => inputPk)
  const order = {
    embeddings,
    dims,
    concepts: names.length,
    labels,
    groups,
    mutuallyExclusive: false,
    hyper: { seed: SEED },
  }
  const { weights, bias } = await trainHead(order, { makeProducts: (matrix, length) => onnx.of(matrix, length) })
  const concepts = names.map((name) => ({ id: name, name }))
  return { concepts, params: { weights: base64(weights), bias: base64(bias), detection_threshold: 0.05 } }
}

async function vectorAt(
  { bytes, width, height }: Photo,
  { inputPk, box }: Example,
  known: Map<string, Float32Array>,
): Promise<Float32Array> {
  const key = `${inputPk} ${Object.values(box!).join(' ')}`
  const before = known.get(key)
  if (before) return before
  const [left, top] = [Math.floor(box!.left * width), Math.floor(box!.top * height)]
  const cut = await sharp(bytes)
    .extract({
      left,
      top,
      width: Math.max(1, Math.min(width - left, Math.ceil((box!.right - box!.left) * width))),
      height: Math.max(1, Math.min(height - top, Math.ceil((box!.bottom - box!.top) * height))),
    })
    .png()
    .toBuffer()
  const [answer] = await ask('mobilenet-v3-embed', [picture(cut)])
  const vector = Float32Array.from(vectorOf(answer!))
  known.set(key, vector)
  return vector
}

async function find({ bytes }: Photo, { concepts, params }: Learned): Promise<(Thing & { score: number })[]> {
  const [answer] = await ask('window-detector', [picture(bytes)], { params, concepts: concepts as never })
  return answer!.regions.map(({ value, regionInfo, data }) => {
    const { topRow: top, leftCol: left, bottomRow: bottom, rightCol: right } = regionInfo!.boundingBox!
    return { name: data!.concepts[0]!.name, score: value, top, left, bottom, right }
  })
}
