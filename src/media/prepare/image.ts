import { HOSTED_SIDE_SLACK, HOSTED_SLACK_BYTES } from '../limits.ts'
import { type ImageLimits, PixelSource, toRgb } from '../pixel-source.ts'
import { type ImageFormat, sniff } from '../sniff.ts'
import type { Prepared } from './prepared.ts'
import { DerivedSizes, PICTURE_SIZES } from './sizes.ts'

/** Formats that every browser shows. */
const SHOWN_BY_BROWSERS: ReadonlySet<ImageFormat | 'RAW'> = new Set(['JPEG', 'PNG', 'WEBP', 'GIF'])

/**
 * Facts and hosted sizes of a picture, from one decode, which also finds damage. Sizes that would be hardly smaller than
 * the original are the original, unless it is turned or of a kind that browsers do not show.
 */
export async function prepareImage(bytes: Uint8Array, limits?: ImageLimits): Promise<Prepared> {
  const source = await PixelSource.open(bytes, limits)
  const { width, height, format, colorMode } = source
  const contentType = (await sniff(bytes))!.mime
  const mayStay = source.isPlain && SHOWN_BY_BROWSERS.has(format)
  const slack = bytes.length <= HOSTED_SLACK_BYTES ? HOSTED_SIDE_SLACK : 1
  const isOriginal = (side: number): boolean => mayStay && Math.max(width, height) <= side * slack
  const derived = new DerivedSizes()
  for (const [size, side] of PICTURE_SIZES) if (isOriginal(side)) derived.addOriginal(size, source, contentType)
  const wanted = PICTURE_SIZES.filter(([, side]) => !isOriginal(side))
  const decoded = await source.shown((wanted[0] ?? PICTURE_SIZES.at(-1)!)[1])
  if (wanted.length > 0) await derived.addSizes(wanted, source, decoded)
  else await toRgb(decoded)
  return {
    facts: { kind: 'image', width, height, format, colorMode },
    contentType,
    sizes: derived.sizes,
    derived: derived.bytes,
  }
}
