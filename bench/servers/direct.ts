/*
 * The same prediction without a server: sharp, onnxruntime and the heads by hand. Takes jobs from its parent, answers
 * how many pictures it did and how long each took. Argument: file with model path, heads and photos.
 */
import { readFileSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import type { Head } from '../kit/predict-case.ts'

const SIDE_PX = 224
const PLANE = SIDE_PX * SIDE_PX

interface Case {
  readonly model: string
  readonly heads: readonly Head[]
  /** In base64. */
  readonly photos: readonly string[]
}

export interface DirectJob {
  readonly milliseconds: number
  /** Pictures under way at the same time. */
  readonly parallel: number
}

export interface DirectAnswer {
  readonly latencies: readonly number[]
  /** Values of the concepts of all heads for the first photo. */
  readonly sample: readonly number[]
}

const given = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Case
const photos = given.photos.map((text) => Buffer.from(text, 'base64'))
const heads = given.heads.map(({ weights, bias }) => ({ rows: weights.map((row) => Float32Array.from(row)), bias }))
sharp.concurrency(1)
sharp.cache(false)
const session = await InferenceSession.create(given.model, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  extra: { session: { intra_op: { allow_spinning: '0' } } },
})

async function predict(photo: Buffer): Promise<number[]> {
  const rgb = await sharp(photo).resize(SIDE_PX, SIDE_PX, { fit: 'fill', kernel: 'linear' }).raw().toBuffer()
  const planes = new Float32Array(3 * PLANE)
  for (let from = 0, to = 0; to < PLANE; from += 3, to++) {
    planes[to] = rgb[from]!
    planes[to + PLANE] = rgb[from + 1]!
    planes[to + 2 * PLANE] = rgb[from + 2]!
  }
  const answer = await session.run({ input: new Tensor('float32', planes, [1, 3, SIDE_PX, SIDE_PX]) })
  const vector = answer.embedding!.data as Float32Array
  let squares = 0
  for (const value of vector) squares += value * value
  const scale = 1 / Math.sqrt(squares)
  return heads.flatMap(({ rows, bias }) =>
    rows.map((row, at) => {
      let sum = 0
      for (let i = 0; i < row.length; i++) sum += row[i]! * vector[i]!
      return 1 / (1 + Math.exp(-(sum * scale + bias[at]!)))
    }),
  )
}

async function run({ milliseconds, parallel }: DirectJob): Promise<DirectAnswer> {
  const latencies: number[] = []
  const end = performance.now() + milliseconds
  let next = 0
  const lane = async (): Promise<void> => {
    for (let start = performance.now(); start < end; start = performance.now()) {
      await predict(photos[next++ % photos.length]!)
      latencies.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: parallel }, lane))
  return { latencies, sample: await predict(photos[0]!) }
}

process.on('message', (job) => {
  if (job === 'probe') return
  void run(job as DirectJob).then((answer) => process.send!(answer))
})
process.channel?.ref()
