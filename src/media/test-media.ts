import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CodecContext, Frame, Stream } from 'node-av/lib'
import { loadAv, type OpenMedia, openMedia } from './av-input.ts'

/** What a test video looks like: each frame has the brightness (0..255) that `luma` gives for each pixel. */
export interface TestVideo {
  container: string
  codec: string
  width: number
  height: number
  fps: number
  frames: number
  /** Frames from one key frame to the next. */
  gop?: number
  /** Clockwise degrees written into the file for players to turn it by. */
  turn?: 90 | 180 | 270
  luma(frame: number, x: number, y: number): number
}

type Av = Awaited<ReturnType<typeof loadAv>>

const must = (result: number, what: string): void => {
  if (result < 0) throw new Error(`${what} failed with ${result}`)
}

/** Encodes a small video without colour. */
export async function encodeVideo(video: TestVideo): Promise<Buffer> {
  const av = await loadAv()
  const { width, height, fps } = video
  const open = (context: CodecContext): void => {
    context.width = width
    context.height = height
    context.pixelFormat = av.AV_PIX_FMT_YUV420P
    context.timeBase = new av.Rational(1, fps)
    context.framerate = new av.Rational(fps, 1)
    context.gopSize = video.gop ?? 12
    context.maxBFrames = 0
    context.bitRate = 2_000_000n
  }
  const tune = (stream: Stream): void => {
    stream.avgFrameRate = new av.Rational(fps, 1)
    if (video.turn) stream.codecpar.addCodedSideData(av.AV_PKT_DATA_DISPLAYMATRIX, turnMatrix(video.turn))
  }
  return encode(av, video.container, video.codec, open, tune, function* () {
    for (let index = 0; index < video.frames; index++) {
      const data = Buffer.alloc((width * height * 3) / 2, 128)
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) data[y * width + x] = 16 + (video.luma(index, x, y) * 219) / 255
      }
      const props = { width, height, format: av.AV_PIX_FMT_YUV420P, timeBase: { num: 1, den: fps }, pts: BigInt(index) }
      yield av.Frame.fromVideoBuffer(data, props)
    }
  })
}

/** Encoders that want floating point samples, each channel by itself; the others take 16-bit ones. */
const FLOAT_CODECS = new Set(['aac', 'libmp3lame', 'libvorbis'])

/** Encodes a sine tone, the same on all channels. */
export async function encodeTone(tone: {
  container: string
  codec: string
  hertz: number
  sampleRate: number
  channels: 1 | 2
  seconds: number
}): Promise<Buffer> {
  const av = await loadAv()
  const { sampleRate, channels } = tone
  const layout = channels === 2 ? av.AV_CHANNEL_LAYOUT_STEREO : av.AV_CHANNEL_LAYOUT_MONO
  const format = FLOAT_CODECS.has(tone.codec) ? av.AV_SAMPLE_FMT_FLTP : av.AV_SAMPLE_FMT_S16
  const open = (context: CodecContext): void => {
    context.sampleRate = sampleRate
    context.sampleFormat = format
    context.channelLayout = layout
    context.timeBase = new av.Rational(1, sampleRate)
  }
  return encode(
    av,
    tone.container,
    tone.codec,
    open,
    () => {},
    function* (context) {
      const size = context.frameSize || 1_024
      const total = Math.floor(tone.seconds * sampleRate)
      for (let start = 0; start < total; start += size) {
        const count = Math.min(size, total - start)
        const wave = Float32Array.from(
          { length: count },
          (_, i) => 0.5 * Math.sin((2 * Math.PI * tone.hertz * (start + i)) / sampleRate),
        )
        const data =
          format === av.AV_SAMPLE_FMT_FLTP
            ? Buffer.concat(Array.from({ length: channels }, () => Buffer.from(wave.buffer)))
            : Buffer.from(
                Int16Array.from({ length: count * channels }, (_, i) => wave[Math.floor(i / channels)]! * 32_767)
                  .buffer,
              )
        const props = {
          nbSamples: count,
          format,
          sampleRate,
          channelLayout: layout,
          timeBase: { num: 1, den: sampleRate },
          pts: BigInt(start),
        }
        yield av.Frame.fromAudioBuffer(data, props)
      }
    },
  )
}

/** Puts the first streams of several files side by side into one. */
export async function joinMedia(container: string, files: readonly Uint8Array[]): Promise<Buffer> {
  const av = await loadAv()
  const folder = await mkdtemp(join(tmpdir(), 'limpid-media-'))
  const file = join(folder, 'out')
  const output = new av.FormatContext()
  const packet = new av.Packet()
  packet.alloc()
  const inputs: OpenMedia[] = []
  try {
    must(output.allocOutputContext2(null, container, file), 'format')
    for (const bytes of files) {
      const input = await openMedia(bytes, 'video').catch(() => openMedia(bytes, 'audio'))
      inputs.push(input)
      must(input.stream.codecpar.copy(output.newStream(null).codecpar), 'parameters')
    }
    must(await output.openOutput(), 'file')
    must(await output.writeHeader(null), 'header')
    for (const [index, input] of inputs.entries()) {
      while ((await input.format.readFrame(packet)) >= 0) {
        packet.streamIndex = index
        packet.rescaleTs(input.stream.timeBase, output.streams[index]!.timeBase)
        must(await output.interleavedWriteFrame(packet), 'packet')
      }
    }
    must(await output.writeTrailer(), 'trailer')
    await output.closeOutput()
    return await readFile(file)
  } finally {
    for (const input of inputs) await input.close()
    packet.free()
    output.freeContext()
    await rm(folder, { recursive: true, force: true })
  }
}

async function encode(
  av: Av,
  container: string,
  codecName: string,
  open: (context: CodecContext) => void,
  tune: (stream: Stream) => void,
  frames: (context: CodecContext) => Iterable<Frame>,
): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-media-'))
  const file = join(folder, 'out')
  const output = new av.FormatContext()
  const context = new av.CodecContext()
  const packet = new av.Packet()
  packet.alloc()
  try {
    must(output.allocOutputContext2(null, container, file), 'format')
    const codec = av.Codec.findEncoderByName(codecName as Parameters<typeof av.Codec.findEncoderByName>[0])
    if (!codec) throw new Error(`no encoder ${codecName}`)
    context.allocContext3(codec)
    open(context)
    if (output.oformat && (output.oformat.flags & av.AVFMT_GLOBALHEADER) !== 0)
      context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER)
    must(await context.open2(codec, null), 'codec')
    const stream = output.newStream(null)
    stream.timeBase = context.timeBase
    must(stream.codecpar.fromContext(context), 'parameters')
    tune(stream)
    must(await output.openOutput(), 'file')
    must(await output.writeHeader(null), 'header')
    const drain = async (): Promise<void> => {
      while ((await context.receivePacket(packet)) >= 0) {
        packet.streamIndex = 0
        packet.rescaleTs(context.timeBase, stream.timeBase)
        must(await output.interleavedWriteFrame(packet), 'packet')
      }
    }
    for (const frame of frames(context)) {
      must(await context.sendFrame(frame), 'frame')
      frame.free()
      await drain()
    }
    await context.sendFrame(null)
    await drain()
    must(await output.writeTrailer(), 'trailer')
    await output.closeOutput()
    return await readFile(file)
  } finally {
    packet.free()
    context.freeContext()
    output.freeContext()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The 3x3 matrix of 16.16 numbers (2.30 in the last column) that turns a picture clockwise. */
function turnMatrix(degrees: number): Buffer {
  const radians = (degrees * Math.PI) / 180
  const [cos, sin] = [Math.round(Math.cos(radians)) * 65_536, Math.round(Math.sin(radians)) * 65_536]
  const matrix = Buffer.alloc(36)
  for (const [i, value] of [cos, sin, 0, -sin, cos, 0, 0, 0, 2 ** 30].entries()) matrix.writeInt32LE(value, i * 4)
  return matrix
}
