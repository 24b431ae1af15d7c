import { AppError } from '../../../base/errors.ts'
import { newId } from '../../../base/ids.ts'
import { wordsOf } from '../../../base/words.ts'
import { InputSchema } from '../../../contract/index.ts'
import { decodeDoc } from '../../../contract/json/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { MAX_AUDIO_BYTES, MAX_IMAGE_BYTES, MAX_TEXT_BYTES, MAX_VIDEO_URL_BYTES } from '../../../media/limits.ts'
import type { StoredOriginal } from '../../../store/repos/input-media.ts'
import type { NewMediaFile } from '../../../store/repos/media.ts'
import type { MediaKind, Row } from '../../../store/schema/tables.ts'
import { NO_DOCUMENT } from '../../media/document.ts'
import { type Hosted, type HostResult, hostMedia, type Original } from '../../media/host.ts'
import type { Services } from '../../services.ts'
import { Batches } from './batches.ts'
import { DOWNLOAD_MS_MAX, GOES_AT_ONCE, HOSTED_TOGETHER, WORDS_AT_ONCE_BYTES_MAX } from './limits.ts'

/** A medium of an input that is at hand and looked at. */
export interface ReadyMedium {
  readonly kind: MediaKind
  /** Of its row, where it has one already. */
  readonly pk?: number
  readonly id: string
  readonly original: { readonly hash: string; readonly size: number } | Uint8Array
  /** What is to be written of it; absent where that was done before. */
  readonly found?: { readonly doc: string; readonly files: readonly NewMediaFile[] }
  /** Of a text: its words, as searches know them. */
  readonly words?: readonly string[]
}

const DOWNLOAD_BYTES_MAX: Record<MediaKind, number> = {
  image: MAX_IMAGE_BYTES,
  video: MAX_VIDEO_URL_BYTES,
  audio: MAX_AUDIO_BYTES,
  text: MAX_TEXT_BYTES,
}
const KINDS = ['image', 'video', 'audio', 'text'] as const

/** Gets the media of inputs: fetches what has only an address, then has everything looked at, many at a time. */
export class MediaDesk {
  readonly #services: Services
  readonly #signal: AbortSignal
  readonly #hosting: Batches<Original, HostResult>

  constructor(services: Services, signal: AbortSignal) {
    this.#services = services
    this.#signal = signal
    this.#hosting = new Batches((originals) => hostMedia(services, originals, signal), {
      most: HOSTED_TOGETHER,
      atOnce: GOES_AT_ONCE,
    })
  }

  /**
   * All media of an input, of which `stored` are there already; throws AppError for the first that cannot be had or is
   * not what it shall be.
   */
  prepare(input: Row<'inputs'>, stored: readonly StoredOriginal[]): Promise<ReadyMedium[]> {
    const { data } = decodeDoc(InputSchema, input.doc)
    const kinds = KINDS.filter((kind) => data?.[kind])
    return Promise.all(
      kinds.map((kind) => {
        const row = stored.find((medium) => medium.kind === kind)
        return row ? this.#stored(row) : this.#fetched(kind, data![kind]!.url)
      }),
    )
  }

  async #stored({ pk, id, kind, doc, hash, size, content }: StoredOriginal): Promise<ReadyMedium> {
    const original = content ?? { hash, size }
    if (doc === NO_DOCUMENT) {
      const found = await this.#look(kind, original)
      return { kind, pk, id, original, found, words: found.words }
    }
    return { kind, pk, id, original, ...(kind === 'text' && { words: await this.#words(original) }) }
  }

  async #fetched(kind: MediaKind, url: string): Promise<ReadyMedium> {
    const { fetcher, blobs } = this.#services
    const maxBytes = DOWNLOAD_BYTES_MAX[kind]
    const options = { maxBytes, totalMs: DOWNLOAD_MS_MAX, signal: this.#signal }
    const original = await fetcher.download(url, options, (pieces) => blobs.put(pieces, { bytesMax: maxBytes }))
    if (original.size === 0) {
      throw new AppError(StatusCode.INPUT_FAILED, `The file at ${url} is empty; check the URL.`)
    }
    const found = await this.#look(kind, original)
    const orig = found.files.find(({ sizeName }) => sizeName === 'orig')!
    const kept = orig.content ?? { hash: orig.hash, size: orig.size }
    return { kind, id: newId(), original: kept, found, words: found.words }
  }

  /** Short texts are read for words here, long ones where media are looked at. */
  async #words(original: ReadyMedium['original']): Promise<readonly string[] | undefined> {
    if (original instanceof Uint8Array && original.length <= WORDS_AT_ONCE_BYTES_MAX) {
      return wordsOf(new TextDecoder().decode(original))
    }
    return (await this.#look('text', original)).words
  }

  async #look(kind: MediaKind, content: Original['content']): Promise<Hosted> {
    const result = await this.#hosting.add({ kind, content })
    if ('refused' in result) throw new AppError(result.refused.code, result.refused.details)
    return result.hosted
  }
}
