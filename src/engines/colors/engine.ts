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
/** Square of the distance below which no further group is started. */
const START_GAP2 = 9
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
  const kept = joinAlike(groupSamples(samplesOf(rgb))).filter(({ share }) => share >= SHARE_MIN)
  const total = kept.reduce((sum, { share }) => sum + share, 0)
  return kept
    .sort((a, b) => b.share - a.share)
    .map(({ lab, share }) =>
      create(ColorSchema, { rawHex: labToHex(lab), w3c: nearestNamed(lab), value: share / total }),
    )
}

/** Square of the CIE 1976 distance. */
const distance2 = (a: Lab, b: Lab): number => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2

/** Pixels of nearly the same colour count as one sample, which makes grouping some ten times faster. */
function samplesOf(rgb: Uint8Array): Group[] {
  const sums = new Map<number, [number, number, number, number]>()
  for (let at = 0; at < rgb.length; at += 3) {
    const [red, green, blue] = [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!]
    const cell = ((red >> 3) << 10) | ((green >> 3) << 5) | (blue >> 3)
    let sum = sums.get(cell)
    if (!sum) {
      sum = [0, 0, 0, 0]
      sums.set(cell, sum)
    }
    const lab = toLab(red, green, blue)
    for (let part = 0; part < 3; part++) sum[part]! += lab[part]!
    sum[3]++
  }
  const total = rgb.length / 3
  return [...sums.values()].map(([l, a, b, count]) => ({
    lab: [l / count, a / count, b / count],
    share: count / total,
  }))
}

/** K-means; the start is the mean colour, then again and again the sample farthest from all centres so far. */
function groupSamples(samples: readonly Group[]): Group[] {
  let groups = startGroups(samples)
  const members = new Uint8Array(samples.length)
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let moved = round === 0
    for (const [at, { lab }] of samples.entries()) {
      const nearest = nearestGroup(groups, lab)
      if (members[at] !== nearest) moved = true
      members[at] = nearest
    }
    if (!moved) break
    groups = means(samples, members, groups)
  }
  return groups.filter(({ share }) => share > 0)
}

function startGroups(samples: readonly Group[]): Group[] {
  const groups = means(samples, new Uint8Array(samples.length), [{ lab: [0, 0, 0], share: 0 }])
  const gaps = samples.map(({ lab }) => distance2(lab, groups[0]!.lab))
  while (groups.length < GROUPS) {
    const farthest = gaps.reduce((best, gap, at) => (gap > gaps[best]! ? at : best), 0)
    if (gaps[farthest]! < START_GAP2) break
    const { lab } = samples[farthest]!
    groups.push({ lab, share: 0 })
    for (const [at, sample] of samples.entries()) gaps[at] = Math.min(gaps[at]!, distance2(sample.lab, lab))
  }
  return groups
}

function nearestGroup(groups: readonly Group[], lab: Lab): number {
  let best = 0
  let gap = Number.POSITIVE_INFINITY
  for (let at = 0; at < groups.length; at++) {
    const own = distance2(groups[at]!.lab, lab)
    if (own < gap) {
      best = at
      gap = own
    }
  }
  return best
}

/** The mean colour and the share of each group; a group without members stays where it was. */
function means(samples: readonly Group[], members: Uint8Array, groups: readonly Group[]): Group[] {
  const sums = groups.map(() => [0, 0, 0, 0])
  for (const [at, { lab, share }] of samples.entries()) {
    const sum = sums[members[at]!]!
    for (let part = 0; part < 3; part++) sum[part]! += lab[part]! * share
    sum[3]! += share
  }
  return sums.map(([l, a, b, share], at) =>
    share! > 0 ? { lab: [l! / share!, a! / share!, b! / share!], share: share! } : { lab: groups[at]!.lab, share: 0 },
  )
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
