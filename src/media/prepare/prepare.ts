import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { FileSource, toSource } from '../encoded-source.ts'
import { MAX_AUDIO_BYTES, MAX_IMAGE_BYTES, MAX_TEXT_BYTES, MAX_VIDEO_URL_BYTES } from '../limits.ts'
import { FORMATS_IN_WORDS, type MediaKind, type Sniffed } from '../sniff.ts'
import { prepareAudio } from './audio.ts'
import { prepareImage } from './image.ts'
import type { MediaItem, Prepared } from './prepared.ts'
import { prepareText } from './text.ts'
import { prepareVideo } from './video.ts'

const BYTES_MAX: Record<MediaKind, number> = {
  image: MAX_IMAGE_BYTES,
  video: MAX_VIDEO_URL_BYTES,
  audio: MAX_AUDIO_BYTES,
  text: MAX_TEXT_BYTES,
}

/**
 * Finds out what a medium is and makes its hosted sizes. For worker processes: it blocks and decodes.
 * Throws AppError 30101 for other formats than announced, 30105 over a limit, 30300 for damaged content.
 */
export async function prepareMedia(item: MediaItem): Promise<Prepared> {
  if ('bytes' in item.source) return prepareFrom(toSource(item.source.bytes), item.kind)
  const file = new FileSource(item.source.file)
  try {
    return await prepareFrom(file, item.kind)
  } finally {
    file.close()
  }
}

async function prepareFrom(source: ReturnType<typeof toSource>, wanted: MediaKind | undefined): Promise<Prepared> {
  if (wanted !== undefined) checkSize(wanted, source.size)
  const whole = (): Uint8Array => source.read(0, source.size)
  // Text is known by being announced: in other encodings it has no sign of its own.
  if (wanted === 'text') return prepareText(whole())
  const sniffed = await source.sniff()
  if (!sniffed || (wanted !== undefined && !fits(sniffed, wanted))) throw otherFormat(wanted)
  const kind = wanted ?? sniffed.kind
  checkSize(kind, source.size)
  if (kind === 'image') return prepareImage(whole())
  if (kind === 'text') return prepareText(whole())
  return kind === 'video' ? prepareVideo(source, sniffed.mime) : prepareAudio(source, sniffed.mime)
}

/** A film may stand for its sound: containers of both kinds often look the same. */
const fits = (sniffed: Sniffed, wanted: MediaKind): boolean =>
  sniffed.kind === wanted || (wanted === 'audio' && sniffed.kind === 'video')

function otherFormat(wanted: MediaKind | undefined): AppError {
  const formats = wanted ? FORMATS_IN_WORDS[wanted] : Object.values(FORMATS_IN_WORDS).join(', or ')
  const what = wanted
    ? `The content is not ${wanted === 'audio' ? 'audio' : `${/^[ai]/.test(wanted) ? 'an' : 'a'} ${wanted}`}`
    : 'The format is not accepted'
  return new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, `${what}; send ${formats}.`)
}

function checkSize(kind: MediaKind, size: number): void {
  if (size > BYTES_MAX[kind]) {
    throw new AppError(
      StatusCode.INPUT_OVER_LIMIT,
      `Input ${kind} is larger than the allowed limit of ${BYTES_MAX[kind]} bytes.`,
    )
  }
}
