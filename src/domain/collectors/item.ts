import { createHash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema, type Input, InputSchema, type Model } from '../../contract/index.ts'
import type { MediaKind } from '../../store/schema/tables.ts'

/** What is kept of a collected input until it is looked at. */
export interface CollectedItem {
  /** The input as a document, without bytes. */
  readonly input: string
  /** Media of which the bytes are in the store. */
  readonly files: readonly {
    readonly kind: Exclude<MediaKind, 'text'>
    readonly mediumId: string
    readonly hash: string
  }[]
  /** What the model answered, where the collector wants it. */
  readonly output?: {
    /** Data as a document. */
    readonly data: string
    /** Model with its version, as a document. */
    readonly model: string
    readonly versionPk: number
    readonly modelAppPk: number
  }
}

export const readItem = (doc: string): CollectedItem => JSON.parse(doc) as CollectedItem

const MEDIA = ['image', 'video', 'audio'] as const

/** The media of an input alone: what else the caller has sent along is none of the collector's business. */
export function mediaOf(data: Data | undefined): Data {
  const { image, video, audio, text } = data ?? {}
  return create(DataSchema, {
    image: image && { url: image.url, base64: image.base64, allowDuplicateUrl: image.allowDuplicateUrl },
    video: video && { url: video.url, base64: video.base64, allowDuplicateUrl: video.allowDuplicateUrl },
    audio: audio && { url: audio.url, base64: audio.base64, allowDuplicateUrl: audio.allowDuplicateUrl },
    text: text && { url: text.url, raw: text.raw, allowDuplicateUrl: text.allowDuplicateUrl },
  })
}

/** The same without bytes, with the bytes by kind. */
export function splitBytes(data: Data): { input: Input; bytes: [(typeof MEDIA)[number], Uint8Array][] } {
  const bytes = MEDIA.flatMap((kind): [(typeof MEDIA)[number], Uint8Array][] => {
    const given = data[kind]?.base64
    return given && given.length > 0 ? [[kind, given]] : []
  })
  const lean = { ...data }
  for (const [kind] of bytes) Object.assign(lean, { [kind]: { ...data[kind], base64: new Uint8Array() } })
  return { input: create(InputSchema, { data: lean }), bytes }
}

/** How many bytes an input holds in memory. */
export const weightOf = ({ data }: Input): number =>
  MEDIA.reduce((sum, kind) => sum + (data?.[kind]?.base64.length ?? 0), data?.text?.raw.length ?? 0)

/** The id that an input gets from a collector: the same content is collected once. */
export function itemId(collectorPk: number, data: Data): string {
  const hash = createHash('sha256').update(`collector ${collectorPk}`)
  for (const kind of MEDIA) {
    const medium = data[kind]
    if (medium) hash.update(`\n${kind} `).update(medium.base64.length > 0 ? medium.base64 : `url ${medium.url.trim()}`)
  }
  if (data.text) hash.update('\ntext ').update(data.text.raw !== '' ? data.text.raw : `url ${data.text.url.trim()}`)
  return hash.digest('hex').slice(0, 32)
}

/** Addresses that an input names. */
export const urlsOf = (data: Data): string[] =>
  [data.image, data.video, data.audio, data.text].flatMap((medium) => (medium?.url ? [medium.url] : []))

/** A model as annotations of it name it. */
export const namedModel = ({ id, userId, appId, modelVersion }: Model) => ({
  id,
  userId,
  appId,
  modelVersion: { id: modelVersion?.id ?? '' },
})
