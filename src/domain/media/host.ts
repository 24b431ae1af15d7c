import { createHash } from 'node:crypto'
import type { Prepared, PrepareResult, Refused } from '../../media/prepare/prepared.ts'
import type { NewMediaFile } from '../../store/repos/media.ts'
import type { MediaKind } from '../../store/schema/tables.ts'
import type { Services } from '../services.ts'
import type { MediaDocument } from './document.ts'

/** A medium whose original has been put as a blob, or is so small that its row holds it. */
export interface Original {
  /** What it has to be; without it any accepted kind is taken. */
  readonly kind?: MediaKind
  readonly content: { readonly hash: string; readonly size: number } | Uint8Array
}

/** What is to be written of a processed medium: `media.doc`, and its files for `setMediaFiles`, the original included. */
export interface Hosted {
  readonly kind: MediaKind
  readonly doc: string
  readonly files: readonly NewMediaFile[]
  /** Of a text: its words, as searches know them. */
  readonly words?: readonly string[]
}

export type HostResult = { readonly hosted: Hosted } | { readonly refused: Refused }

type Needs = Pick<Services, 'blobs' | 'mediaPrep'>

/**
 * Processes media: finds out what they are, makes their sizes, and puts those as blobs, so that the rows may be written
 * (`setMediaFiles` and `media.doc`, in one transaction). One answer per medium, in their order; to be given all that
 * are at hand, as they are worked on side by side. Doing it again after a crash changes nothing.
 */
export async function hostMedia(
  services: Needs,
  originals: readonly Original[],
  signal?: AbortSignal,
): Promise<HostResult[]> {
  const items = await Promise.all(
    originals.map(async ({ kind, content }) => {
      const source =
        content instanceof Uint8Array ? { bytes: content } : { file: await services.blobs.file(content.hash) }
      return { ...(kind && { kind }), source }
    }),
  )
  const results = await services.mediaPrep.prepare(items, signal)
  return Promise.all(results.map((result, at) => hostOne(services, originals[at]!, result)))
}

async function hostOne(services: Needs, original: Original, result: PrepareResult): Promise<HostResult> {
  if ('refused' in result) return result
  const { prepared } = result
  const orig = await originalFile(services, original, prepared)
  const files = [orig, ...(await sizeFiles(services, orig, prepared))]
  const sizes = prepared.sizes.map(({ size, width, height, part }) => ({ size, width, height, isOriginal: !part }))
  const document: MediaDocument = { facts: prepared.facts, sizes }
  return { hosted: { kind: prepared.facts.kind, doc: JSON.stringify(document), files, words: prepared.words } }
}

async function originalFile(services: Needs, { content }: Original, prepared: Prepared): Promise<NewMediaFile> {
  const { contentType, converted } = prepared
  const common = { sizeName: 'orig', start: 0, contentType }
  if (content instanceof Uint8Array) {
    const bytes = converted ?? content
    const hash = createHash('sha256').update(bytes).digest('hex')
    return { ...common, hash, size: bytes.length, content: bytes, blobSize: 0 }
  }
  const { hash, size } = converted ? await services.blobs.put(converted) : content
  return { ...common, hash, size, content: null, blobSize: size }
}

async function sizeFiles(services: Needs, orig: NewMediaFile, { sizes, derived }: Prepared): Promise<NewMediaFile[]> {
  const blob = derived && (await services.blobs.put(derived))
  return sizes.map(({ size: sizeName, contentType, part }) => {
    if (!part || !blob) return { ...orig, sizeName }
    const { start, length: size } = part
    return { sizeName, hash: blob.hash, start, size, contentType, content: null, blobSize: blob.size }
  })
}
