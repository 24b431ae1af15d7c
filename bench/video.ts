import { create } from '@bufbuild/protobuf'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { DataSchema } from '../src/contract/index.ts'
import { openMedia } from '../src/media/av-input.ts'
import { encodeVideo } from '../src/media/test-media.ts'
import { alternate, noteOf } from './kit/alternate.ts'
import { EMBEDDER, Engines, headNode, planOf } from './kit/engine-case.ts'
import type { Result } from './kit/result.ts'
import { median } from './kit/statistics.ts'

const SECONDS = 60
const FPS = 25
/** Seconds from one key frame to the next, as encoders for the web choose them. */
const GOP_SECONDS = 2
const [WIDTH, HEIGHT, SIDE_PX] = [640, 360, 224]
const ROUNDS = 4
const MEGABYTE = 1e6

/**
 * A minute of video at one frame a second through an image embedding and a head, against decoding the whole video and
 * running the network on as many pictures, each by itself.
 */
export async function run(): Promise<Result[]> {
  const engines = new Engines()
  const files = await engines.fetch('mobilenet-v3-small')
  const minute = await video(SECONDS)
  const plan = planOf([EMBEDDER, headNode(0, 0)])
  const ours = async (bytes = minute): Promise<void> => {
    const [, heads] = await engines.run(plan, create(DataSchema, { video: { base64: bytes } }))
    const seconds = bytes === minute ? SECONDS : SECONDS * 2
    if (heads!.frames.length !== seconds) throw new Error(`${heads!.frames.length} frames instead of ${seconds}`)
  }
  const network = await handWritten(files['mobilenet-v3-small']!.model!)
  const compared = await alternate(ROUNDS, 1, ours, async () => {
    await decode(minute)
    for (let frame = 0; frame < SECONDS; frame++) await network()
  })
  const longer = await video(SECONDS * 2)
  const before = process.memoryUsage.rss()
  await ours(longer)
  const grown = (process.memoryUsage.rss() - before) / MEGABYTE
  await engines.cache.unload()
  return [
    {
      name: `${SECONDS} s of ${WIDTH}x${HEIGHT} video, a frame a second through embedding and head, vs decoding + frames x inference`,
      ours: 1000 / compared.ours.wallMs,
      baseline: 1000 / compared.baseline.wallMs,
      unit: 'videos/s',
      ratio: 1 / median(compared.wallRatios),
      aim: '>= 0.8',
      note: `${noteOf(compared)}; memory grows by ${grown.toFixed(0)} MB when the video is twice as long`,
    },
  ]
}

/** A moving pattern with detail, so that frames between key frames cost something. */
function video(seconds: number): Promise<Buffer> {
  return encodeVideo({
    container: 'mp4',
    codec: 'libx264',
    width: WIDTH,
    height: HEIGHT,
    fps: FPS,
    frames: seconds * FPS,
    gop: GOP_SECONDS * FPS,
    luma: (frame, x, y) => (((x + 3 * frame) ^ (y + frame)) + ((x * y) >> 6)) & 255,
  })
}

async function decode(bytes: Buffer): Promise<void> {
  const media = await openMedia(bytes, 'video')
  let frames = 0
  for await (const _ of media.frames()) frames++
  await media.close()
  if (frames !== SECONDS * FPS) throw new Error(`${frames} frames decoded`)
}

/** The network on one picture of the size of the frames, by hand. */
async function handWritten(file: string): Promise<() => Promise<unknown>> {
  const session = await InferenceSession.create(file, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  const frame = Buffer.alloc(WIDTH * HEIGHT * 3, 'pixels')
  return async () => {
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const
    const rgb = await sharp(frame, { raw }).resize(SIDE_PX, SIDE_PX, { fit: 'fill', kernel: 'linear' }).raw().toBuffer()
    const plane = SIDE_PX ** 2
    const pixels = new Float32Array(3 * plane)
    for (let at = 0; at < rgb.length; at++) pixels[(at % 3) * plane + Math.floor(at / 3)] = rgb[at]!
    return session.run({ input: new Tensor('float32', pixels, [1, 3, SIDE_PX, SIDE_PX]) }, ['embedding'])
  }
}
