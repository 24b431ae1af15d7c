import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { damaged, type OpenMedia, openMedia } from './av-input.ts'
import type { EncodedSource } from './encoded-source.ts'
import type { ImageHandle } from './image.ts'
import { DEFAULT_SAMPLE_MS, MAX_SAMPLE_MS, MAX_VIDEO_FRAMES, MAX_VIDEO_MS, MIN_SAMPLE_MS } from './limits.ts'
import { KeptFrame, timesOf, turnOf } from './video-frame.ts'

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
/** Reads size, rate, length and format of a video without decoding it; throws AppError 30101 or 30300. */
export async function probeVideo(from: Uint8Array | EncodedSource): Promise<VideoProbe> {
  const media = await openMedia(from, 'video')
  try {
    return probeOf(media)
  } finally {
    await media.close()
  }
}

/** What an opened video says about itself. */
export function probeOf(media: OpenMedia): VideoProbe {
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

/** Refuses a video that is longer than it may be. */
export function tooLong(maxMs: number): AppError {
  const details = `The video is longer than the allowed limit of ${Math.round(maxMs / 1_000)} seconds.`
  return new AppError(StatusCode.INPUT_OVER_LIMIT, details)
}
