import type { StatusCode } from '../../contract/status-code.ts'
import type { MediaKind } from '../sniff.ts'

/** A medium to be prepared: an encoded file by its path (which nobody changes meanwhile) or its bytes. */
export interface MediaItem {
  /** What it has to be; without it any accepted kind is taken for what its content says. */
  readonly kind?: MediaKind
  readonly source: { readonly file: string } | { readonly bytes: Uint8Array }
}

/** What a medium is, in the terms of the contract's ImageInfo, VideoInfo, AudioInfo and TextInfo. */
export type MediaFacts =
  | {
      readonly kind: 'image'
      /** In pixels of the upright picture. */
      readonly width: number
      readonly height: number
      readonly format: string
      readonly colorMode: string
    }
  | {
      readonly kind: 'video'
      /** In pixels of upright frames. */
      readonly width: number
      readonly height: number
      readonly fps: number
      readonly videoFormat: string
      /** Bits per second. */
      readonly bitRate: number
      readonly frameCount: number
      readonly durationSeconds: number
    }
  | {
      readonly kind: 'audio'
      readonly audioFormat: string
      /** Hertz. */
      readonly sampleRate: number
      readonly durationSeconds: number
      /** Bits per second. */
      readonly bitRate: number
    }
  | {
      readonly kind: 'text'
      /** Code points. */
      readonly charCount: number
      readonly encoding: 'UTF8'
    }

/** Hosted sizes beside `orig`, the file itself; `thumbnail` is the picture of a video in full size. */
export type SizeName = 'thumbnail' | 'large' | 'small' | 'tiny'

/** One hosted size. */
export interface PreparedSize {
  readonly size: SizeName
  readonly width: number
  readonly height: number
  readonly contentType: string
  /** Where in `Prepared.derived` it lies; absent where the original itself is small enough to be this size. */
  readonly part?: { readonly start: number; readonly length: number }
}

/** What was found and made of one medium. */
export interface Prepared {
  readonly facts: MediaFacts
  /** Media type of the original, from its content. */
  readonly contentType: string
  /** From the largest to the smallest; none for sound and text. */
  readonly sizes: readonly PreparedSize[]
  /** All derived sizes one after the other, to be kept as one blob. */
  readonly derived?: Uint8Array
  /** The text in UTF-8, to be kept in place of an original in another encoding. */
  readonly converted?: Uint8Array
  /** The words of a text, as searches know them. */
  readonly words?: readonly string[]
}

/** Why a medium cannot be taken: a status of the contract and one sentence. */
export interface Refused {
  readonly code: StatusCode
  readonly details: string
}

/** The answer to one item. */
export type PrepareResult = { readonly prepared: Prepared } | { readonly refused: Refused }
