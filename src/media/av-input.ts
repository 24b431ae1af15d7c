import type { CodecContext, FormatContext, Frame, Stream } from 'node-av/lib'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { type EncodedSource, toSource } from './encoded-source.ts'
import { MAX_MEDIA_PACKETS, MAX_MEDIA_STREAMS, MAX_VIDEO_FRAME_PIXELS } from './limits.ts'
import { FORMATS_IN_WORDS } from './sniff.ts'

type Av = typeof import('node-av/lib') & typeof import('node-av/constants')

/** An opened media file and its one stream that is going to be decoded. */
export interface OpenMedia {
  av: Av
  format: FormatContext
  /** Name of the file format, such as MP4. */
  formatName: string
  stream: Stream
  decoder: CodecContext
  /** Seconds; 0 when the file does not tell. */
  durationSeconds: number
  /** Decoded frames one after the other, the same object each time; stops at the end or a damaged tail. */
  frames(signal?: AbortSignal): AsyncGenerator<Frame>
  /** Jumps to the key frame before a time given in seconds of the stream; false when the file cannot. */
  seek(seconds: number): Promise<boolean>
  close(): Promise<void>
}

/** The demuxer for each sniffed format; naming it keeps playlists and other formats that open further files out. */
const DEMUXERS: Record<string, string> = {
  MP4: 'mov',
  MOV: 'mov',
  '3GPP': 'mov',
  M4A: 'mov',
  AVI: 'avi',
  WMV: 'asf',
  MKV: 'matroska',
  WEBM: 'matroska',
  WAV: 'wav',
  MP3: 'mp3',
  FLAC: 'flac',
  OGG: 'ogg',
  AAC: 'aac',
}
/** Decoders that bytes of a caller may reach; all others of the library stay shut. */
const DECODERS = [
  'h264,hevc,mpeg1video,mpeg2video,mpeg4,msmpeg4v1,msmpeg4v2,msmpeg4,h263,h263p,flv,mjpeg,vp8,vp9,libvpx-vp9,libdav1d',
  'av1,vc1,wmv1,wmv2,wmv3,theora,cinepak,svq1,svq3,msvideo1,prores,dvvideo,rawvideo,png',
  'aac,mp3,mp3float,flac,opus,libopus,vorbis,alac,ac3,eac3,amrnb,amrwb,wmav1,wmav2,wmapro,adpcm_ms,adpcm_ima_wav',
  'pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw',
]
  .join(',')
  .split(',')
/** Decoders of which the library never frees what it opens by itself to look into the streams of a file. */
const LEAKING = new Set(['aac', 'vorbis', 'h264'])
const IO_BUFFER_BYTES = 256 * 1024
const [SEEK_CUR, SEEK_END, SEEK_SIZE] = [1, 2, 0x1_0000]

let loaded: Promise<Av> | undefined

/** Loads the media library on first use: it costs 0.2 s and 50 MB that image-only workers need not pay. */
export function loadAv(): Promise<Av> {
  loaded ??= (async () => {
    const [lib, constants] = await Promise.all([import('node-av/lib'), import('node-av/constants')])
    lib.Log.setLevel(constants.AV_LOG_QUIET)
    return { ...lib, ...constants }
  })()
  return loaded
}

/**
 * Opens encoded bytes for decoding of their best video or audio stream; close it in any case.
 * Throws AppError 30101 for formats that are not accepted or hold no such stream, 30300 for damaged bytes.
 */
export async function openMedia(from: Uint8Array | EncodedSource, kind: 'video' | 'audio'): Promise<OpenMedia> {
  const source = toSource(from)
  const sniffed = await source.sniff()
  const demuxer = sniffed && DEMUXERS[sniffed.format]
  const isFitting = sniffed?.kind === kind || (kind === 'audio' && sniffed?.kind === 'video')
  if (!demuxer || !isFitting) {
    throw new AppError(
      StatusCode.INPUT_UNSUPPORTED_FORMAT,
      `The input is not ${kind === 'video' ? 'a video' : 'audio'}; send ${FORMATS_IN_WORDS[kind]}.`,
    )
  }
  const av = await loadAv()
  const format = new av.FormatContext()
  format.allocContext()
  const io = readerOf(av, source)
  format.pb = io
  const decoder = new av.CodecContext()
  let isOpen = true
  const close = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    decoder.freeContext()
    format.pb = null
    await format.closeInput()
    io.freeContext()
  }
  const check = (result: number): void => {
    if (result < 0) throw damaged(kind)
  }
  try {
    const guards = {
      protocol_whitelist: 'none',
      codec_whitelist: probingDecoders(demuxer),
      max_streams: String(MAX_MEDIA_STREAMS),
    }
    check(await format.openInput('', av.InputFormat.findInputFormat(demuxer), av.Dictionary.fromObject(guards)))
    check(await format.findStreamInfo(null))
    const type = kind === 'video' ? av.AVMEDIA_TYPE_VIDEO : av.AVMEDIA_TYPE_AUDIO
    const { streamIndex, decoder: codec } = format.findBestStream(type, -1, -1, true)
    const stream = format.streams[streamIndex]
    if (!stream || !codec || !DECODERS.includes(codec.name ?? '')) {
      throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, `The file holds no ${kind} stream that can be decoded.`)
    }
    for (const other of format.streams) if (other.index !== stream.index) other.discard = av.AVDISCARD_ALL
    decoder.allocContext3(codec)
    check(decoder.parametersToContext(stream.codecpar))
    decoder.pktTimebase = stream.timeBase
    const limits = { max_pixels: String(MAX_VIDEO_FRAME_PIXELS), threads: '1' }
    check(await decoder.open2(codec, av.Dictionary.fromObject(limits)))
    return {
      av,
      format,
      formatName: sniffed.format,
      stream,
      decoder,
      durationSeconds: durationOf(av, format, stream),
      frames: (signal) => decode(av, format, stream, decoder, signal),
      seek: async (seconds) => {
        const { num, den } = stream.timeBase
        const start = stream.startTime === av.AV_NOPTS_VALUE ? 0n : stream.startTime
        const timestamp = BigInt(Math.round((seconds * den) / num)) + start
        if ((await format.seekFrame(stream.index, timestamp, av.AVSEEK_FLAG_BACKWARD)) < 0) return false
        decoder.flushBuffers()
        return true
      },
      close,
    }
  } catch (error) {
    await close()
    throw error instanceof AppError ? error : damaged(kind, error)
  }
}

/** Decoders with which the library may look into the streams; only plain AAC cannot be told without the leaking ones. */
function probingDecoders(demuxer: string): string {
  return (demuxer === 'aac' ? DECODERS : DECODERS.filter((name) => !LEAKING.has(name))).join(',')
}

/** The one answer to bytes that the media library cannot read. */
export function damaged(kind: 'video' | 'audio', cause?: unknown): AppError {
  const details = `The ${kind} cannot be decoded: its bytes are damaged or incomplete.`
  return new AppError(StatusCode.ALL_INPUT_INVALID_BYTES, details, { cause })
}

function readerOf(av: Av, source: EncodedSource): InstanceType<Av['IOContext']> {
  let position = 0
  const io = new av.IOContext()
  io.allocContextWithCallbacks(
    IO_BUFFER_BYTES,
    0,
    (size) => {
      const chunk = source.read(position, size)
      if (chunk.length === 0) return null
      position += chunk.length
      return chunk
    },
    null,
    (offset, whence) => {
      if (whence === SEEK_SIZE) return source.size
      const from = whence === SEEK_CUR ? position : whence === SEEK_END ? source.size : 0
      position = Math.max(0, Math.min(from + Number(offset), source.size))
      return position
    },
  )
  return io
}

async function* decode(
  av: Av,
  format: FormatContext,
  stream: Stream,
  decoder: CodecContext,
  signal?: AbortSignal,
): AsyncGenerator<Frame> {
  using packet = new av.Packet()
  packet.alloc()
  using frame = new av.Frame()
  frame.alloc()
  let packets = 0
  while (true) {
    signal?.throwIfAborted()
    if (++packets > MAX_MEDIA_PACKETS)
      throw new AppError(StatusCode.INPUT_OVER_LIMIT, 'The input has too many packets.')
    const isEnd = (await format.readFrame(packet)) < 0
    const isOther = !isEnd && packet.streamIndex !== stream.index
    if (!isOther) await decoder.sendPacket(isEnd ? null : packet)
    packet.unref()
    if (isOther) continue
    while ((await decoder.receiveFrame(frame)) >= 0) {
      yield frame
      frame.unref()
    }
    if (isEnd) return
  }
}

function durationOf(av: Av, format: FormatContext, stream: Stream): number {
  const { num, den } = stream.timeBase
  if (stream.duration > 0n && stream.duration !== av.AV_NOPTS_VALUE) return (Number(stream.duration) * num) / den
  const whole = format.duration
  return whole > 0n && whole !== av.AV_NOPTS_VALUE ? Number(whole) / 1e6 : 0
}
