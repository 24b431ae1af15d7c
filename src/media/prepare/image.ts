import { type ImageLimits, PixelSource } from '../pixel-source.ts'
import { type ImageFormat, sniff } from '../sniff.ts'
import type { Prepared } from './prepared.ts'
import { DerivedSizes, PICTURE_SIZES } from './sizes.ts'

/** Formats that every browser shows. */
const SHOWN_BY_BROWSERS: ReadonlySet<ImageFormat | 'RAW'> = new Set(['JPEG', 'PNG', 'WEBP', 'GIF'])

/**
 * Facts and hosted sizes of a picture, from one decode, which also finds damage. Sizes that would not be smaller than
 * the original are the original, unless it is turned or of a kind that browsers do not show.
 */
export async function prepareImage(bytes: Uint8Array, limits?: ImageLimits): Promise<Prepared> {
  const source = await PixelSource.open(bytes, limits)
  const { width, height, format, colorMode } = source
  const contentType = (await sniff(bytes))!.mime
  const mayStay = source.isPlain && SHOWN_BY_BROWSERS.has(format)
  const first = mayStay ? PICTURE_SIZES.findIndex(([, side]) => side < Math.max(width, height)) : 0
  const derived = new DerivedSizes()
  const kept = first < 0 ? PICTURE_SIZES : PICTURE_SIZES.slice(0, first)
  for (const [size] of kept) derived.addOriginal(size, width, height, contentType)
  const shown = await source.shown(PICTURE_SIZES[Math.max(0, first)]![1])
  if (first >= 0) await derived.addAll(shown, source, first)
  return {
    facts: { kind: 'image', width, height, format, colorMode },
    contentType,
    sizes: derived.sizes,
    derived: derived.bytes,
  }
}
