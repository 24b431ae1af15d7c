import { join } from 'node:path'
import type { Packet } from 'node-av/lib'
import { isAppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { damaged, type OpenMedia, openMedia } from '../av-input.ts'
import { type EncodedSource, FileSource } from '../encoded-source.ts'
import { DASH_FRAGMENT_MS, MAX_MEDIA_PACKETS } from '../limits.ts'
import { probeOf } from '../video.ts'
import { findIndex, type Span } from './boxes.ts'

/** One track of a film in a form that browsers play by ranges. */
export interface DashTrack {
  readonly kind: 'video' | 'audio'
  /** As in `mp4a.40.2`. */
  readonly codecs: string
  /** Bits per second. */
  readonly bandwidth: number
  readonly init: Span
  readonly index: Span
  readonly width?: number
  readonly height?: number
  /** Hertz. */
  readonly sampleRate?: number
  /** The new file with the track alone; absent where the original can be played as it is. */
  readonly file?: string
}

/** What can be played of a film; without tracks it is of a kind that browsers do not play. */
export interface DashFilm {
  readonly durationSeconds: number
  readonly tracks: readonly DashTrack[]
}

/** Kinds of coding that browsers play from MP4. */
const PLAYED = new Set([
  'h264',
  'hevc',
  'av1',
  'libdav1d',
  'vp9',
  'libvpx-vp9',
  'aac',
  'mp3',
  'mp3float',
  'flac',
  'opus',
  'libopus',
])

/** Writes the tracks of a film that browsers can play into files of their own in `folder`, without coding them anew. */
export async function dashTracks(source: EncodedSource, folder: string): Promise<DashFilm> {
  const video = await openMedia(source, 'video')
  let durationSeconds: number
  const tracks: DashTrack[] = []
  try {
    durationSeconds = video.durationSeconds
    const track = await trackOf(video, 'video', folder)
    if (!track) return { durationSeconds, tracks }
    tracks.push(track)
    if (video.format.streams.length === 1) return { durationSeconds, tracks: [originalOf(source, track) ?? track] }
  } finally {
    await video.close()
  }
  const audio = await openSound(source)
  try {
    const track = audio && (await trackOf(audio, 'audio', folder))
    if (track) tracks.push(track)
  } finally {
    await audio?.close()
  }
  return { durationSeconds, tracks }
}

/** The original in place of a copy of its only track, where it is made of fragments with an index itself. */
function originalOf(source: EncodedSource, track: DashTrack): DashTrack | undefined {
  const found = findIndex(source)
  return found && { ...track, ...found, file: undefined }
}

async function openSound(source: EncodedSource): Promise<OpenMedia | undefined> {
  try {
    return await openMedia(source, 'audio')
  } catch (error) {
    if (isAppError(error) && error.code === StatusCode.INPUT_UNSUPPORTED_FORMAT) return undefined
    throw error
  }
}

async function trackOf(media: OpenMedia, kind: 'video' | 'audio', folder: string): Promise<DashTrack | undefined> {
  const { stream, av } = media
  if (!PLAYED.has(av.Codec.findDecoder(stream.codecpar.codecId)?.name ?? '')) return undefined
  const file = join(folder, kind)
  const codecs = await remux(media, file)
  const written = new FileSource(file)
  try {
    const found = codecs === undefined ? undefined : findIndex(written)
    if (codecs === undefined || !found) return undefined
    const bandwidth = Math.ceil((written.size * 8) / Math.max(media.durationSeconds, 0.001))
    const { width, height } = kind === 'video' ? probeOf(media) : {}
    const more = kind === 'video' ? { width, height } : { sampleRate: stream.codecpar.sampleRate }
    return { kind, codecs, bandwidth, ...found, ...more, file }
  } finally {
    written.close()
  }
}

/** Copies the packets of the opened stream into a fragmented MP4 file with an index; says what it is coded in. */
async function remux(media: OpenMedia, file: string): Promise<string | undefined> {
  const { av, format, stream } = media
  const output = new av.FormatContext()
  const packet = new av.Packet()
  packet.alloc()
  const check = (result: number): void => {
    if (result < 0) throw damaged('video')
  }
  try {
    check(output.allocOutputContext2(null, 'mp4', file))
    const to = output.newStream(null)
    check(stream.codecpar.copy(to.codecpar))
    to.codecpar.codecTag = 0
    to.timeBase = stream.timeBase
    check(await output.openOutput())
    const options = {
      movflags: 'frag_keyframe+cmaf+global_sidx',
      min_frag_duration: String(DASH_FRAGMENT_MS * 1_000),
      ...(stream.codecpar.codecType === av.AVMEDIA_TYPE_AUDIO && { frag_duration: String(DASH_FRAGMENT_MS * 1_000) }),
    }
    check(await output.writeHeader(av.Dictionary.fromObject(options)))
    await copyPackets(media, packet, async () => {
      packet.rescaleTs(stream.timeBase, to.timeBase)
      packet.streamIndex = 0
      check(await output.interleavedWriteFrame(packet))
    })
    check(await output.writeTrailer())
    await output.closeOutput()
    return to.codecpar.getCodecString() ?? undefined
  } finally {
    packet.free()
    output.freeContext()
  }

  async function copyPackets(from: OpenMedia, into: Packet, write: () => Promise<void>): Promise<void> {
    for (let count = 0; (await format.readFrame(into)) >= 0; count++) {
      if (count >= MAX_MEDIA_PACKETS) return
      if (into.streamIndex === from.stream.index) await write()
      into.unref()
    }
  }
}
