import type { Frame, SoftwareScaleContext } from 'node-av/lib'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { damaged, type OpenMedia, openMedia } from './av-input.ts'
import { ImageHandle } from './image.ts'
import {
  DEFAULT_SAMPLE_MS,
  MAX_SAMPLE_MS,
  MAX_VIDEO_FRAME_SIDE,
  MAX_VIDEO_FRAMES,
  MAX_VIDEO_MS,
  MIN_SAMPLE_MS,
} from './limits.ts'
import { fromRaw, toRgb } from './pixel-source.ts'

/** How a video is sampled. */
export interface SampleOptions {
  /** Milliseconds from one sample to the next, 100..60000; 1000 unless given. */
  sampleMs?: number
  /** Sampling ends after this many frames. */
  maxFrames?: number
  /** Longer videos are refused, in milliseconds. */
  maxDurationMs?: number
  signal?: AbortSignal
}

/** One sampled frame: `timeMs` is the middle of the slice of time that it stands for. */
export interface VideoFrame {
  index: number
  timeMs: number
  image: ImageHandle
}

/** What a video says about itself; width and height are those of upright frames in pixels, bitRate is bits per second. */
export interface VideoProbe {
  width: number
  height: number
  fps: number
  durationSeconds: number
  frameCount: number
  bitRate: number
  format: string
  codec: string
}

/** Targets further ahead than this are reached by jumping to a key frame instead of decoding all between, in ms. */
const SEEK_AHEAD_MS = 4_000
/** Height from which unlabelled video is taken to use the colours of HD television, in pixels. */
const HD_HEIGHT = 720
/** Length of a frame when neither it nor the file tells, in milliseconds. */
const DEFAULT_FRAME_MS = 40

/** Reads size, rate, length and format of a video without decoding it; throws AppError 30101 or 30300. */
export async function probeVideo(bytes: Uint8Array): Promise<VideoProbe> {
  const media = await openMedia(bytes, 'video')
  try {
    const { stream, durationSeconds, format } = media
    const { width, height } = stream.codecpar
    const isTurned = turnOf(media) % 180 !== 0
    const fps = stream.avgFrameRate.den > 0 ? stream.avgFrameRate.num / stream.avgFrameRate.den : 0
    return {
      width: isTurned ? height : width,
      height: isTurned ? width : height,
      fps,
      durationSeconds,
      frameCount: Number(stream.nbFrames) || Math.round(durationSeconds * fps),
      bitRate: Number(format.bitRate),
      format: media.formatName,
      codec: media.av.Codec.findDecoder(stream.codecpar.codecId)?.name ?? '',
    }
  } finally {
    await media.close()
  }
}

/**
 * Samples a video: for each slice of `sampleMs` the frame shown in the middle of it, upright, one at a time.
 *
 * A video shorter than half a slice gives one frame from its own middle. Throws AppError 30105 for videos that are
 * too long, 30101 for other files, 30300 when nothing can be decoded; a damaged tail only ends the frames early.
 */
export async function* videoFrames(bytes: Uint8Array, options: SampleOptions = {}): AsyncGenerator<VideoFrame> {
  const { sampleMs = DEFAULT_SAMPLE_MS, maxFrames = MAX_VIDEO_FRAMES, maxDurationMs = MAX_VIDEO_MS, signal } = options
  if (!(sampleMs >= MIN_SAMPLE_MS && sampleMs <= MAX_SAMPLE_MS)) {
    throw new RangeError(`sampleMs must be from ${MIN_SAMPLE_MS} to ${MAX_SAMPLE_MS}, got ${sampleMs}`)
  }
  const media = await openMedia(bytes, 'video')
  const kept = new KeptFrame(media)
  try {
    if (media.durationSeconds * 1_000 > maxDurationMs) throw tooLong(maxDurationMs)
    const timeOf = (slice: number): number => sampleMs / 2 + slice * sampleMs
    let index = 0
    let canJump = true
    let hasJumped = false
    for await (const frame of media.frames(signal)) {
      const { startMs, endMs } = timesOf(media, frame, kept.endMs)
      if (startMs > maxDurationMs) throw tooLong(maxDurationMs)
      if (kept.isFilled && startMs <= kept.startMs) {
        // The jump led back behind where we were: with so few key frames jumping only costs.
        if (hasJumped) canJump = hasJumped = false
        continue
      }
      hasJumped = false
      // A frame is shown until the next one starts, so the one before is due for all samples up to here.
      for (; kept.isFilled && timeOf(index) < startMs; index++) {
        if (index >= maxFrames) return
        yield { index, timeMs: timeOf(index), image: await kept.image() }
      }
      kept.fill(frame, startMs, endMs)
      if (canJump && timeOf(index) - startMs > SEEK_AHEAD_MS) {
        canJump = hasJumped = await media.seek(timeOf(index) / 1_000)
      }
    }
    if (!kept.isFilled) throw damaged('video')
    for (; timeOf(index) < kept.endMs && index < maxFrames; index++) {
      yield { index, timeMs: timeOf(index), image: await kept.image() }
    }
    if (index === 0 && maxFrames > 0) yield { index, timeMs: kept.endMs / 2, image: await kept.image() }
  } finally {
    kept.close()
    await media.close()
  }
}

/** The frame shown last, converted to pixels only when a sample falls on it. */
class KeptFrame {
  startMs = 0
  endMs = 0
  isFilled = false
  readonly #media: OpenMedia
  readonly #frame: Frame
  readonly #scaler: SoftwareScaleContext
  #image: Promise<ImageHandle> | undefined

  constructor(media: OpenMedia) {
    this.#media = media
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
    const scale = Math.min(1, MAX_VIDEO_FRAME_SIDE / Math.max(source.width, source.height))
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
function turnOf({ av, stream }: OpenMedia): number {
  const matrix = stream.codecpar.getCodedSideData(av.AV_PKT_DATA_DISPLAYMATRIX)
  if (!matrix || matrix.length < 36) return 0
  const degrees = (Math.atan2(matrix.readInt32LE(4), matrix.readInt32LE(0)) * 180) / Math.PI
  return (Math.round(degrees / 90) * 90 + 360) % 360
}

/** Start and end of a frame in milliseconds from the start of the video. */
function timesOf(media: OpenMedia, frame: Frame, previousEndMs: number): { startMs: number; endMs: number } {
  const { av, stream } = media
  const unitMs = (stream.timeBase.num / stream.timeBase.den) * 1_000
  const first = stream.startTime === av.AV_NOPTS_VALUE ? 0n : stream.startTime
  const stamp = frame.bestEffortTimestamp
  const startMs = stamp === av.AV_NOPTS_VALUE ? previousEndMs : Number(stamp - first) * unitMs
  const { num, den } = stream.avgFrameRate
  const usualMs = num > 0 && den > 0 ? (den / num) * 1_000 : DEFAULT_FRAME_MS
  return { startMs, endMs: startMs + (frame.duration > 0n ? Number(frame.duration) * unitMs : usualMs) }
}

function tooLong(maxMs: number): AppError {
  const details = `The video is longer than the allowed limit of ${Math.round(maxMs / 1_000)} seconds.`
  return new AppError(StatusCode.INPUT_OVER_LIMIT, details)
}
