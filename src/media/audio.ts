import type { Frame } from 'node-av/lib'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { damaged, openMedia } from './av-input.ts'
import type { EncodedSource } from './encoded-source.ts'
import { AUDIO_SAMPLE_RATE, MAX_AUDIO_CHANNELS, MAX_AUDIO_RATE, MAX_AUDIO_SECONDS, MIN_AUDIO_RATE } from './limits.ts'

/** What an audio file says about itself; bitRate is bits per second, sampleRate hertz. */
export interface AudioProbe {
  durationSeconds: number
  sampleRate: number
  channels: number
  bitRate: number
  format: string
  codec: string
}

/** Decoded sound: one channel of samples in -1..1. */
export interface DecodedAudio {
  samples: Float32Array
  /** Always 16000 hertz. */
  sampleRate: number
  durationSeconds: number
}

/** Reads length, rate and format of audio, or of the sound of a video; throws AppError 30101 or 30300. */
export async function probeAudio(from: Uint8Array | EncodedSource): Promise<AudioProbe> {
  const media = await openMedia(from, 'audio')
  try {
    const { codecpar } = media.stream
    return {
      durationSeconds: media.durationSeconds,
      sampleRate: codecpar.sampleRate,
      channels: codecpar.channels,
      bitRate: Number(codecpar.bitRate) || Number(media.format.bitRate),
      format: media.formatName,
      codec: media.av.Codec.findDecoder(codecpar.codecId)?.name ?? '',
    }
  } finally {
    await media.close()
  }
}

/**
 * Decodes audio, or the sound of a video, to 16 kHz mono.
 * Throws AppError 30105 when it is longer than `maxSeconds`, 30101 for other files, 30300 when nothing decodes.
 */
export async function decodeAudio(
  bytes: Uint8Array,
  options: { maxSeconds?: number; signal?: AbortSignal } = {},
): Promise<DecodedAudio> {
  const { maxSeconds = MAX_AUDIO_SECONDS, signal } = options
  const media = await openMedia(bytes, 'audio')
  const { av } = media
  const resampler = new av.SoftwareResampleContext()
  resampler.alloc()
  // Channels are averaged, as speech models expect; by default equal channels would add up beyond full scale.
  resampler.setOption('rematrix_maxval', 1, av.AV_OPT_TYPE_DOUBLE)
  const parts: Float32Array[] = []
  let total = 0
  const convert = (frame: Frame | null): void => {
    // For each frame, because both may change in the middle of a stream.
    if (frame) checkSound(frame.sampleRate, frame.channelLayout.nbChannels)
    using out = new av.Frame()
    out.alloc()
    out.format = av.AV_SAMPLE_FMT_FLT
    out.sampleRate = AUDIO_SAMPLE_RATE
    out.channelLayout = av.AV_CHANNEL_LAYOUT_MONO
    if (frame && frame.channelLayout.order === av.AV_CHANNEL_ORDER_UNSPEC) {
      // Files such as plain WAV only count their channels; unnamed, they would pass for a change at each frame.
      frame.channelLayout = av.avChannelLayoutDefault(frame.channelLayout.nbChannels)
    }
    let result = resampler.convertFrame(out, frame)
    if (result < 0 && frame) {
      // Rate or layout changed in the middle of the stream: start over with the new ones.
      resampler.close()
      result = resampler.configFrame(out, frame) < 0 ? -1 : resampler.convertFrame(out, frame)
    }
    if (result < 0 || out.nbSamples === 0) return
    total += out.nbSamples
    if (total > maxSeconds * AUDIO_SAMPLE_RATE) {
      throw tooLongAudio(maxSeconds)
    }
    const data = out.data![0]!
    // A copy of its own: the frame's memory goes back to the library, and its start need not suit a float array.
    parts.push(new Float32Array(Uint8Array.from(data.subarray(0, out.nbSamples * 4)).buffer))
  }
  try {
    for await (const frame of media.frames(signal)) convert(frame)
    if (resampler.isInitialized()) convert(null)
    if (total === 0) throw damaged('audio')
    const samples = new Float32Array(total)
    let at = 0
    for (const part of parts) {
      samples.set(part, at)
      at += part.length
    }
    return { samples, sampleRate: AUDIO_SAMPLE_RATE, durationSeconds: total / AUDIO_SAMPLE_RATE }
  } finally {
    resampler.free()
    await media.close()
  }
}

/** Refuses audio that is longer than it may be. */
export function tooLongAudio(maxSeconds: number): AppError {
  return new AppError(
    StatusCode.INPUT_OVER_LIMIT,
    `The audio is longer than the allowed limit of ${maxSeconds} seconds.`,
  )
}

function checkSound(rate: number, channels: number): void {
  if (!(rate >= MIN_AUDIO_RATE && rate <= MAX_AUDIO_RATE)) {
    throw new AppError(
      StatusCode.INPUT_UNSUPPORTED_FORMAT,
      `The audio has a sample rate of ${rate} hertz; ${MIN_AUDIO_RATE} to ${MAX_AUDIO_RATE} are possible.`,
    )
  }
  if (channels > MAX_AUDIO_CHANNELS) {
    throw new AppError(
      StatusCode.INPUT_UNSUPPORTED_FORMAT,
      `The audio has ${channels} channels; at most ${MAX_AUDIO_CHANNELS} are possible.`,
    )
  }
}
