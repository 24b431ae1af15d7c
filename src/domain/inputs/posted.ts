import { hash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import type { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { AnnotationSchema, type Input } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { MAX_SAMPLE_MS, MIN_SAMPLE_MS } from '../../media/limits.ts'
import type { NewMediaFile } from '../../store/repos/media.ts'
import type { MediaKind } from '../../store/schema/tables.ts'
import { type GivenLabels, readLabels } from './given-labels.ts'
import { type GivenMedium, kindBits, readMedia } from './given-media.ts'
import { DATASETS_PER_INPUT_MAX } from './limits.ts'
import { invalidInput } from './problem.ts'

/** A medium whose content is at hand and, unless it lies in its row, on the disk. */
export interface PostedMedium {
  readonly kind: MediaKind
  readonly id: string
  readonly doc: string
  readonly original: NewMediaFile
}

/** An input on its way into the store. */
export interface Posted {
  /** As it was sent. */
  readonly input: Input
  /** Its id, made when none was sent; a suffix may be added. */
  id: string
  readonly kinds: number
  readonly given: readonly GivenMedium[]
  readonly labels: GivenLabels
  /** Hashes of the addresses that the app may have only once. */
  readonly onceUrls: readonly string[]
  readonly urls: readonly string[]
  /** Filled when the contents are on the disk. */
  media: readonly PostedMedium[]
  /** Why it is not stored, which the caller hears for this item alone. */
  refusal?: AppError
  /** Filled when it is stored. */
  pk?: number
  createdAt?: Micros
}

const NO_LABELS: GivenLabels = { whole: create(AnnotationSchema), regions: [] }

/** The hash by which an address is known. */
export const urlHash = (url: string): string => hash('sha256', url.trim())

/** Reads one input of a request; throws AppError for what cannot be stored. */
export function readPosted(input: Input): Posted {
  if (input.id !== '') checkId(input.id, 'input', StatusCode.INPUT_INVALID_ARGUMENT)
  if (input.datasetIds.length > DATASETS_PER_INPUT_MAX) {
    throw invalidInput(`The input names ${input.datasetIds.length} datasets; use at most ${DATASETS_PER_INPUT_MAX}.`)
  }
  const sampleMs = input.settings?.sampleRateMs ?? 0
  if (sampleMs !== 0 && (sampleMs < MIN_SAMPLE_MS || sampleMs > MAX_SAMPLE_MS)) {
    throw invalidInput(`The settings have a sample_rate_ms of ${sampleMs}; use ${MIN_SAMPLE_MS} to ${MAX_SAMPLE_MS}.`)
  }
  const given = readMedia(input.data)
  const addressed = given.flatMap(({ url, mayRepeat }) =>
    url === undefined ? [] : [{ hash: urlHash(url), mayRepeat }],
  )
  return {
    input,
    id: input.id || newId(),
    kinds: kindBits(given),
    given,
    labels: readLabels(input.data),
    urls: addressed.map((url) => url.hash),
    onceUrls: addressed.filter(({ mayRepeat }) => !mayRepeat).map((url) => url.hash),
    media: [],
  }
}

/** An input that was refused before anything else was looked at. */
export const refusedPost = (input: Input, refusal: AppError): Posted => ({
  input,
  id: input.id,
  kinds: 0,
  given: [],
  labels: NO_LABELS,
  urls: [],
  onceUrls: [],
  media: [],
  refusal,
})
