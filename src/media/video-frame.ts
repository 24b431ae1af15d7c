import type { Frame, SoftwareScaleContext } from 'node-av/lib'
import { damaged, type OpenMedia } from './av-input.ts'
import { ImageHandle } from './image.ts'
import { MAX_VIDEO_FRAME_SIDE } from './limits.ts'
import { fromRaw, toRgb } from './pixel-source.ts'

/** Height from which unlabelled video is taken to use the colours of HD television, in pixels. */
const HD_HEIGHT = 720
/** Length of a frame when neither it nor the file tells, in milliseconds. */
const DEFAULT_FRAME_MS = 40

/** The frame shown last, converted to pixels only when a sample falls on it. */
export class KeptFrame {
  startMs = 0
  endMs = 0
  isFilled = false
  readonly #media: OpenMedia
  readonly #maxSide: number
  readonly #frame: Frame
  readonly #scaler: SoftwareScaleContext
  #image: Promise<ImageHandle> | undefined

  /** Frames with a side longer than `maxSide` pixels are reduced. */
  constructor(media: OpenMedia, maxSide = MAX_VIDEO_FRAME_SIDE) {
    this.#media = media
    this.#maxSide = maxSide
    this.#frame = new media.av.Frame()
    this.#frame.alloc()
    this.#scaler = new media.av.SoftwareScaleContext()
    this.#scaler.allocContext()
  }

  fill(frame: Frame, startMs: number, endMs: number): void {
    this.#frame.unref()
    this.#frame.ref(frame)
    this.#image = undefined
    this.startMs = startMs
    this.endMs = endMs
    this.isFilled = true
  }

  image(): Promise<ImageHandle> {
    this.#image ??= this.#convert()
    return this.#image
  }

  close(): void {
    this.#frame.free()
    this.#scaler.freeContext()
  }

  async #convert(): Promise<ImageHandle> {
    const { av } = this.#media
    const source = this.#frame
    if (source.colorSpace === av.AVCOL_SPC_UNSPECIFIED && source.height >= HD_HEIGHT) {
      source.colorSpace = av.AVCOL_SPC_BT709
    }
    const scale = Math.min(1, this.#maxSide / Math.max(source.width, source.height))
    using target = new av.Frame()
    target.alloc()
    target.width = Math.max(1, Math.round(source.width * scale))
    target.height = Math.max(1, Math.round(source.height * scale))
    target.format = av.AV_PIX_FMT_RGB24
    if (target.getBuffer() < 0 || (await this.#scaler.scaleFrame(target, source)) < 0) throw damaged('video')
    const pixels = { data: target.toBuffer(), width: target.width, height: target.height }
    const turn = turnOf(this.#media)
    if (turn === 0) return ImageHandle.fromRaw(pixels.data, pixels.width, pixels.height)
    const data = await toRgb(fromRaw(pixels).rotate(turn))
    const isAcross = turn % 180 !== 0
    const [width, height] = isAcross ? [pixels.height, pixels.width] : [pixels.width, pixels.height]
    return ImageHandle.fromRaw(data, width, height)
  }
}

/** Clockwise degrees (0, 90, 180, 270) by which frames have to be turned to be upright, as phones record them. */
export function turnOf({ av, stream }: OpenMedia): number {
  const matrix = stream.codecpar.getCodedSideData(av.AV_PKT_DATA_DISPLAYMATRIX)
  if (!matrix || matrix.length < 36) return 0
  const degrees = (Math.atan2(matrix.readInt32LE(4), matrix.readInt32LE(0)) * 180) / Math.PI
  return (Math.round(degrees / 90) * 90 + 360) % 360
}

/** Start and end of a frame in milliseconds from the start of the video. */
export function timesOf(media: OpenMedia, frame: Frame, previousEndMs: number): { startMs: number; endMs: number } {
  const { av, stream } = media
  const unitMs = (stream.timeBase.num / stream.timeBase.den) * 1_000
  const first = stream.startTime === av.AV_NOPTS_VALUE ? 0n : stream.startTime
  const stamp = frame.bestEffortTimestamp
  const startMs = stamp === av.AV_NOPTS_VALUE ? previousEndMs : Number(stamp - first) * unitMs
  const { num, den } = stream.avgFrameRate
  const usualMs = num > 0 && den > 0 ? (den / num) * 1_000 : DEFAULT_FRAME_MS
  return { startMs, endMs: startMs + (frame.duration > 0n ? Number(frame.duration) * unitMs : usualMs) }
}
