import { AppError } from '../base/errors.ts'
import type { Data } from '../contract/gen/proto/clarifai/api/resources_pb.js'
import { StatusCode } from '../contract/status-code.ts'
import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import {
  MAX_AUDIO_BYTES,
  MAX_IMAGE_BYTES,
  MAX_PARALLEL_FETCHES,
  MAX_REQUEST_MEDIA_BYTES,
  MAX_TEXT_BYTES,
  MAX_VIDEO_BYTES,
  MAX_VIDEO_URL_BYTES,
} from './limits.ts'
import { FORMATS_IN_WORDS, type MediaKind, sniff } from './sniff.ts'

/** One medium of an input, at hand. */
export type ResolvedMedia =
  | { kind: 'image' | 'video' | 'audio'; bytes: Uint8Array; sourceUrl?: string }
  | { kind: 'text'; text: string; sourceUrl?: string }

/** Resolves the inputs of one request; URLs that occur more than once are fetched once. */
export interface InputResolver {
  /**
   * The media of one input, in the order image, video, audio, text. Throws AppError 30104 when there is none, 30105
   * over a limit, 30101 for other formats, or what the fetcher throws.
   */
  resolve(data: Data | undefined): Promise<ResolvedMedia[]>
}

const BYTE_LIMITS: Record<MediaKind, { inline: number; url: number }> = {
  image: { inline: MAX_IMAGE_BYTES, url: MAX_IMAGE_BYTES },
  video: { inline: MAX_VIDEO_BYTES, url: MAX_VIDEO_URL_BYTES },
  audio: { inline: MAX_AUDIO_BYTES, url: MAX_AUDIO_BYTES },
  text: { inline: MAX_TEXT_BYTES, url: MAX_TEXT_BYTES },
}

/** Creates the resolver of one request; its signal ends all downloads. */
export function createInputResolver(fetcher: Pick<Fetcher, 'fetchBytes'>, signal?: AbortSignal): InputResolver {
  const fetched = new Map<string, Promise<Uint8Array>>()
  const gate = createGate(MAX_PARALLEL_FETCHES)
  let totalBytes = 0

  const count = (bytes: number): void => {
    totalBytes += bytes
    if (totalBytes > MAX_REQUEST_MEDIA_BYTES) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The inputs of the request have more than ${MAX_REQUEST_MEDIA_BYTES} bytes together; send fewer at a time.`,
      )
    }
  }

  function fetchOnce(url: string, kind: MediaKind): Promise<Uint8Array> {
    const key = `${kind} ${url.trim()}`
    let pending = fetched.get(key)
    if (!pending) {
      pending = gate(async () => {
        const options = { maxBytes: BYTE_LIMITS[kind].url, accept: kind, ...(signal && { signal }) }
        const { bytes } = await fetcher.fetchBytes(url, options)
        count(bytes.length)
        return bytes
      })
      fetched.set(key, pending)
    }
    return pending
  }

  async function binary(
    kind: 'image' | 'video' | 'audio',
    { url, base64 }: { url: string; base64: Uint8Array },
  ): Promise<ResolvedMedia> {
    if (base64.length > 0) {
      checkSize(kind, base64.length)
      count(base64.length)
      if ((await sniff(base64))?.kind !== kind) {
        throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, `The bytes are not ${FORMATS_IN_WORDS[kind]}.`)
      }
      return { kind, bytes: base64 }
    }
    if (url.trim() === '') throw missing(`data.${kind} has neither url nor base64`)
    return { kind, bytes: await fetchOnce(url, kind), sourceUrl: url.trim() }
  }

  async function text({ raw, url }: { raw: string; url: string }): Promise<ResolvedMedia> {
    if (raw !== '') {
      const length = Buffer.byteLength(raw)
      checkSize('text', length)
      count(length)
      if (!raw.isWellFormed()) throw missing('data.text.raw is not valid Unicode')
      return { kind: 'text', text: raw }
    }
    if (url.trim() === '') throw missing('data.text has neither raw nor url')
    return { kind: 'text', text: decodeText(await fetchOnce(url, 'text')), sourceUrl: url.trim() }
  }

  return {
    async resolve(data) {
      const media: Promise<ResolvedMedia>[] = []
      if (data?.image) media.push(binary('image', data.image))
      if (data?.video) media.push(binary('video', data.video))
      if (data?.audio) media.push(binary('audio', data.audio))
      if (data?.text) media.push(text(data.text))
      if (media.length === 0) throw missing('the input has no data')
      return Promise.all(media)
    },
  }
}

/** Bytes as text; throws AppError 30101 unless they are valid UTF-8. A byte order mark is dropped. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The text is not valid UTF-8.', { cause: error })
  }
}

function checkSize(kind: MediaKind, length: number): void {
  const { inline } = BYTE_LIMITS[kind]
  if (length > inline) {
    throw new AppError(
      StatusCode.INPUT_OVER_LIMIT,
      `Input ${kind} is larger than the allowed limit of ${inline} bytes.`,
    )
  }
}

function missing(what: string): AppError {
  const details = `Nothing to work on: ${what}; send an image, video or audio by url or base64, or text by raw or url.`
  return new AppError(StatusCode.INPUT_INVALID_ARGUMENT, details)
}

/** Lets at most `places` tasks run at once; the others wait in order. */
function createGate(places: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = places
  const waiting: (() => void)[] = []
  return async (task) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
