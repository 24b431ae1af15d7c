import { writeFile } from 'node:fs/promises'
import { Tensor } from 'onnxruntime-node'
import type { Concept } from '../../contract/index.ts'
import { headOf, type LinearHead, scoresOf } from '../../engines/embedding-classifier.ts'
import { openSession } from '../../engines/onnx-model/engine.ts'
import { normalised } from '../../engines/vectors.ts'
import { EXPORT_DIFFERENCE_MAX, EXPORT_TRIALS, OPEN_SIDE_TRIED } from '../limits.ts'
import { buildExport, EXPORTED } from './build.ts'
import type { ExportBody, ExportedModel, ExportOrder } from './order.ts'

type Session = Awaited<ReturnType<typeof openSession>>

/**
 * Writes a head as an ONNX file and tries it: the file must answer what the head does on the vectors of its embedder.
 * Throws Error where it does not. For a process of its own, as files may be of users.
 */
export async function writeExport({ head: params, concepts, body, out }: ExportOrder): Promise<ExportedModel> {
  const head = headOf({ params, concepts: Array.from({ length: concepts }, () => ({}) as Concept) } as never)
  const { bytes, input, output } = await buildExport(head, body)
  await writeFile(out, bytes)
  const difference = await largestDifference(out, head, body, input.name)
  if (!(difference <= EXPORT_DIFFERENCE_MAX)) {
    throw new Error(`the exported file answers otherwise than the model: values differ by ${difference}`)
  }
  return { input, output, difference }
}

async function largestDifference(
  out: string,
  head: LinearHead,
  body: ExportBody | undefined,
  inputName: string,
): Promise<number> {
  const exported = await openSession(out)
  const embedder = body && (await openSession(body.path))
  try {
    let largest = 0
    for (let trial = 1; trial <= EXPORT_TRIALS; trial++) {
      const random = seeded(trial)
      const { given, vector } =
        body && embedder ? await ofPicture(body, embedder, random) : ofVector(head.dimensions, random)
      const { [EXPORTED.values]: values } = await exported.run({ [inputName]: given })
      for (const [at, score] of scoresOf(head, vector).entries()) {
        const difference = Math.abs(score - Number(values!.data[at]))
        // What is no number differs from everything.
        if (!(difference <= largest)) largest = difference
      }
    }
    return largest
  } finally {
    await exported.release()
    await embedder?.release()
  }
}

type Random = () => number

interface Trial {
  readonly given: Tensor
  readonly vector: ArrayLike<number>
}

function ofVector(dimensions: number, random: Random): Trial {
  const vector = Float32Array.from({ length: dimensions }, () => random() * 2 - 1)
  return { given: new Tensor('float32', vector, [1, dimensions]), vector }
}

/** A made-up picture as the exported file takes it, and the vector that the embedder has for it as the server runs it. */
async function ofPicture({ input, output, normalise }: ExportBody, embedder: Session, random: Random): Promise<Trial> {
  const dims = input.dims.map((size, at) => (typeof size === 'number' ? size : at === 0 ? 1 : OPEN_SIDE_TRIED))
  const length = dims.reduce((product, size) => product * size, 1)
  const stride = dims.slice(input.channels + 1).reduce((product, size) => product * size, 1)
  const channelOf = (at: number): number => Math.floor(at / stride) % 3
  const pixels = Uint8Array.from({ length }, () => random() * 256)
  const wanted = (at: number): number => {
    const channel = channelOf(at)
    const pixel = pixels[input.bgr ? at + (2 - 2 * channel) * stride : at]!
    if (input.type === 'uint8') return pixel
    const { scale, offset } = input.scales[channel]!
    return (pixel / 255) * scale + offset
  }
  const make = (value: (at: number) => number): Tensor =>
    input.type === 'uint8'
      ? new Tensor(
          'uint8',
          Uint8Array.from({ length }, (_, at) => value(at)),
          dims,
        )
      : new Tensor(
          'float32',
          Float32Array.from({ length }, (_, at) => value(at)),
          dims,
        )
  const { [output]: found } = await embedder.run({ [input.name]: make(wanted) })
  const vector = found!.data as Float32Array
  const given = make((at) => (input.type === 'uint8' ? pixels[at]! : pixels[at]! / 255))
  return { given, vector: normalise ? normalised(vector) : vector }
}

/** Numbers from 0 to 1 that are the same every time (xorshift). */
function seeded(seed: number): Random {
  let state = seed * 2_654_435_761
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
