import { create } from '@bufbuild/protobuf'
import {
  AudioInfoSchema,
  AudioSchema,
  type Data,
  type HostedURL,
  HostedURLSchema,
  ImageInfoSchema,
  ImageSchema,
  TextInfoSchema,
  TextSchema,
  VideoInfoSchema,
  VideoSchema,
} from '../../contract/index.ts'
import type { MediaKind } from '../../store/schema/tables.ts'
import { MEDIA_PATH, suffixOf } from './address.ts'
import { type HostedSize, type MediaDocument, readDocument } from './document.ts'
import type { PublicOrigin } from './origin.ts'

/** A hosted medium as its row says it. */
export interface StoredMedium {
  readonly id: string
  readonly kind: MediaKind
  readonly doc: string
}

/** Where the media of an app are hosted. */
export interface HostedAt {
  readonly origin: PublicOrigin
  readonly userId: string
  readonly appId: string
}

/**
 * Puts a hosted medium into the data of an input: its address, sizes and what it is. `sourceUrl` is the address that it
 * was fetched from; without one the hosted copy is its url.
 */
export function putMedium(data: Data, { id, kind, doc }: StoredMedium, at: HostedAt, sourceUrl?: string): void {
  const document = readDocument(doc)
  const sizes = document.sizes ?? []
  const base = {
    prefix: at.origin.url + MEDIA_PATH,
    suffix: suffixOf({ userId: at.userId, appId: at.appId, kind, id }),
    crossorigin: 'use-credentials',
  }
  const names = sizes.map(({ size }) => size)
  const hosted = create(HostedURLSchema, { ...base, sizes: ['orig', ...(kind === 'image' ? names : [])] })
  const url = sourceUrl || addressOf(hosted, 'orig')
  if (kind === 'image') {
    data.image = create(ImageSchema, { url, hosted, ...imageInfos(document) })
  } else if (kind === 'video') {
    const thumbnail = names.length > 0 ? create(HostedURLSchema, { ...base, sizes: names }) : undefined
    data.video = create(VideoSchema, {
      url,
      hosted,
      hostedThumbnail: thumbnail,
      thumbnailUrl: thumbnail ? addressOf(thumbnail, 'thumbnail') : '',
      videoInfo: document.facts?.kind === 'video' ? create(VideoInfoSchema, bare(document.facts)) : undefined,
    })
  } else if (kind === 'audio') {
    const audioInfo = document.facts?.kind === 'audio' ? create(AudioInfoSchema, bare(document.facts)) : undefined
    data.audio = create(AudioSchema, { url, hosted, audioInfo })
  } else {
    const textInfo = document.facts?.kind === 'text' ? create(TextInfoSchema, bare(document.facts)) : undefined
    data.text = create(TextSchema, { url, hosted, textInfo })
  }
}

/** The address of one size, as clients put it together. */
export const addressOf = ({ prefix, suffix }: HostedURL, size: string): string => `${prefix}/${size}/${suffix}`

function imageInfos({ facts, sizes = [] }: MediaDocument): object {
  if (facts?.kind !== 'image') return {}
  const { width, height, format, colorMode } = facts
  const infoOf = (size: HostedSize) =>
    create(ImageInfoSchema, {
      width: size.width,
      height: size.height,
      ...(size.isOriginal ? { format, colorMode } : { format: 'JPEG', colorMode: 'RGB' }),
    })
  return {
    imageInfo: create(ImageInfoSchema, { width, height, format, colorMode }),
    hostedImageInfo: Object.fromEntries(sizes.map((size) => [size.size, infoOf(size)])),
  }
}

function bare<F extends { readonly kind: string }>({ kind: _, ...facts }: F): Omit<F, 'kind'> {
  return facts
}
