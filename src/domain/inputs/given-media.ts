import { AppError } from '../../base/errors.ts'
import type { Data } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { parseUrl } from '../../fetch/url.ts'
import { MAX_AUDIO_BYTES, MAX_IMAGE_BYTES, MAX_TEXT_BYTES, MAX_VIDEO_BYTES } from '../../media/limits.ts'
import { INPUT_KINDS } from '../../store/data-bits.ts'
import type { MediaKind } from '../../store/schema/tables.ts'
import { invalidInput } from './problem.ts'

/** One medium of a posted input: its bytes, or where they are to be fetched. */
export interface GivenMedium {
  readonly kind: MediaKind
  readonly content?: Uint8Array
  readonly url?: string
  /** Whether the app may have this address a second time. */
  readonly mayRepeat: boolean
}

const BYTES_MAX: Record<MediaKind, number> = {
  image: MAX_IMAGE_BYTES,
  video: MAX_VIDEO_BYTES,
  audio: MAX_AUDIO_BYTES,
  text: MAX_TEXT_BYTES,
}

/** The media of an input as it was sent; throws AppError 30104, 30105 or 30106 where there are none or wrong ones. */
export function readMedia(data: Data | undefined): GivenMedium[] {
  const media: GivenMedium[] = []
  for (const kind of ['image', 'video', 'audio'] as const) {
    const given = data?.[kind]
    if (given) media.push(medium(kind, given.base64, given.url, given.allowDuplicateUrl))
  }
  if (data?.text) {
    const { raw, url, allowDuplicateUrl } = data.text
    if (!raw.isWellFormed()) throw invalidInput('The text of the input is not valid Unicode; send it as UTF-8.')
    media.push(medium('text', Buffer.from(raw), url, allowDuplicateUrl))
  }
  if (media.length === 0) {
    throw invalidInput('The input has no data; send an image, video, audio or text, by url or by its bytes.')
  }
  return media
}

function medium(kind: MediaKind, content: Uint8Array, url: string, mayRepeat: boolean): GivenMedium {
  if (content.length > BYTES_MAX[kind]) {
    throw new AppError(
      StatusCode.INPUT_OVER_LIMIT,
      `Input ${kind} is larger than the allowed limit of ${BYTES_MAX[kind]} bytes.`,
    )
  }
  if (content.length > 0) return { kind, content, mayRepeat }
  const trimmed = url.trim()
  if (trimmed === '') throw invalidInput(`The ${kind} of the input has neither url nor content; send one of them.`)
  parseUrl(trimmed)
  return { kind, url: trimmed, mayRepeat }
}

/** Kinds of media as bits of `inputs.kinds`. */
export const kindBits = (media: readonly { readonly kind: MediaKind }[]): number =>
  media.reduce((bits, { kind }) => bits | INPUT_KINDS[kind], 0)
