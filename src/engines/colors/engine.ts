import { create } from '@bufbuild/protobuf'
import { type Color, ColorSchema, DataSchema } from '../../contract/index.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, pictureOf } from '../kit.ts'
import { nearestNamed } from './css-colors.ts'
import { type Lab, labToHex, toLab } from './lab.ts'

/** Side of the reduced picture whose pixels are grouped. */
const SIDE_PX = 64
/** Groups before those that look alike are joined. */
const GROUPS = 12
const ROUNDS_MAX = 24
/** Colours nearer than this (CIE 1976) are joined: about where people begin to use another word. */
const SAME_COLOR = 14
/** Colours that cover less of the picture are left out. */
const SHARE_MIN = 0.005

/** Names the dominant colours of a picture: image -> colors with their share of the picture, largest first. */
export const colors: Engine = {
  name: 'colors',
  weights: [],
  load: async (): Promise<LoadedEngine> => ({
    bytes: 0,
    dispose: async () => {},
    infer: (items) =>
      eachItem(items, async (item) => {
        const rgb = await (await pictureOf(item)).rgb(SIDE_PX, SIDE_PX)
        return create(DataSchema, { colors: dominantColors(rgb) })
      }),
  }),
}

interface Group {
  readonly lab: Lab
  readonly share: number
}

/** The dominant colours of packed RGB pixels, largest share first; the same pixels always give the same answer. */
export function dominantColors(rgb: Uint8Array): Color[] {
  const pixels = Array.from({ length: rgb.length / 3 }, (_, at) =>
    toLab(rgb[3 * at]!, rgb[3 * at + 1]!, rgb[3 * at + 2]!),
  )
  const kept = joinAlike(groupPixels(pixels)).filter(({ share }) => share >= SHARE_MIN)
  const total = kept.reduce((sum, { share }) => sum + share, 0)
  return kept
    .sort((a, b) => b.share - a.share)
    .map(({ lab, share }) =>
      create(ColorSchema, { rawHex: labToHex(lab), w3c: nearestNamed(lab), value: share / total }),
    )
}

const distance2 = (a: Lab, b: Lab): number => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2

/** K-means; the start is the mean colour, then again and again the pixel farthest from all centres so far. */
function groupPixels(pixels: readonly Lab[]): Group[] {
  let centres = startCentres(pixels)
  const members = new Uint8Array(pixels.length)
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let moved = round === 0
    for (const [at, pixel] of pixels.entries()) {
      const nearest = nearestCentre(centres, pixel)
      if (members[at] !== nearest) moved = true
      members[at] = nearest
    }
    if (!moved) break
    centres = means(pixels, members, centres)
  }
  const counts = centres.map(() => 0)
  for (const member of members) counts[member]!++
  return centres.flatMap((lab, at) => (counts[at]! > 0 ? [{ lab, share: counts[at]! / pixels.length }] : []))
}

function startCentres(pixels: readonly Lab[]): Lab[] {
  const centres = [means(pixels, new Uint8Array(pixels.length), [[0, 0, 0]])[0]!]
  const gaps = pixels.map((pixel) => distance2(pixel, centres[0]!))
  while (centres.length < GROUPS) {
    const farthest = gaps.reduce((best, gap, at) => (gap > gaps[best]! ? at : best), 0)
    if (gaps[farthest] === 0) break
    const centre = pixels[farthest]!
    centres.push(centre)
    for (const [at, pixel] of pixels.entries()) gaps[at] = Math.min(gaps[at]!, distance2(pixel, centre))
  }
  return centres
}

function nearestCentre(centres: readonly Lab[], pixel: Lab): number {
  let [best, gap] = [0, Number.POSITIVE_INFINITY]
  for (const [at, centre] of centres.entries()) {
    const own = distance2(pixel, centre)
    if (own < gap) [best, gap] = [at, own]
  }
  return best
}

/** The mean colour of each group; a group without members stays where it was. */
function means(pixels: readonly Lab[], members: Uint8Array, centres: readonly Lab[]): Lab[] {
  const sums = centres.map(() => [0, 0, 0, 0])
  for (const [at, pixel] of pixels.entries()) {
    const sum = sums[members[at]!]!
    for (let part = 0; part < 3; part++) sum[part]! += pixel[part]!
    sum[3]!++
  }
  return sums.map(([l, a, b, count], at) => (count! > 0 ? [l! / count!, a! / count!, b! / count!] : centres[at]!))
}

/** Joins the two most alike groups until all look different. */
function joinAlike(groups: readonly Group[]): Group[] {
  const left = [...groups]
  for (;;) {
    let pair: readonly [number, number] | undefined
    let gap = SAME_COLOR ** 2
    for (let a = 0; a < left.length; a++) {
      for (let b = a + 1; b < left.length; b++) {
        const own = distance2(left[a]!.lab, left[b]!.lab)
        if (own < gap) [pair, gap] = [[a, b], own]
      }
    }
    if (!pair) return left
    const second = left.splice(pair[1], 1)[0]!
    const first = left[pair[0]]!
    const share = first.share + second.share
    const mix = (part: 0 | 1 | 2): number => (first.lab[part] * first.share + second.lab[part] * second.share) / share
    left[pair[0]] = { lab: [mix(0), mix(1), mix(2)], share }
  }
}
