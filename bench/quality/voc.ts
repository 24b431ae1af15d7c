/* Photos with boxes in the form of Pascal VOC: detection, tags, moderation, embedding of what the boxes show. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { overlap, type ScoredBox } from '../../src/engines/boxes.ts'
import type { Result } from '../kit/result.ts'
import { ask, bestOf, picture, vectorOf } from './ask.ts'
import { f1, nearestNeighbour } from './score.ts'
import { windowFigures } from './windows.ts'

/** Names of VOC that COCO spells otherwise. */
const COCO_NAMES: Readonly<Record<string, string>> = {
  aeroplane: 'airplane',
  diningtable: 'dining table',
  motorbike: 'motorcycle',
  pottedplant: 'potted plant',
  sofa: 'couch',
  tvmonitor: 'tv',
}
const OVERLAP_MIN = 0.5
const ALL_BOXES = { params: { detection_threshold: 0.05 }, concepts: [] }
/** Side of the thumbnails whose plain pixels are the baseline of embeddings. */
const THUMBNAIL_PX = 8

type Box = Pick<ScoredBox, 'top' | 'left' | 'bottom' | 'right'>
export interface Thing extends Box {
  readonly name: string
}
export interface Photo {
  readonly bytes: Buffer
  readonly width: number
  readonly height: number
  readonly things: readonly Thing[]
}

const numberIn = (xml: string, tag: string): number => Number(new RegExp(`<${tag}>([\\d.]+)</${tag}>`).exec(xml)?.[1])

function readThings(xml: string): Pick<Photo, 'width' | 'height' | 'things'> {
  const [width, height] = [numberIn(xml, 'width'), numberIn(xml, 'height')]
  // Parts of people (head, hand, foot) are boxes of their own inside the object and come after its box.
  const things = [...xml.matchAll(/<object>([\s\S]*?)<\/object>/g)].map(([, object]) => {
    const own = object!.replaceAll(/<part>[\s\S]*?<\/part>/g, '')
    const name = /<name>(.*?)<\/name>/.exec(own)![1]!
    return {
      name: COCO_NAMES[name] ?? name,
      top: numberIn(own, 'ymin') / height,
      left: numberIn(own, 'xmin') / width,
      bottom: numberIn(own, 'ymax') / height,
      right: numberIn(own, 'xmax') / width,
    }
  })
  return { width, height, things }
}

async function readPhotos(folder: string): Promise<Photo[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.xml')).sort()
  return Promise.all(
    names.map(async (name) => ({
      ...readThings(await readFile(join(folder, name), 'utf8')),
      bytes: await readFile(join(folder, name.replace(/xml$/, 'jpg'))),
    })),
  )
}

/** Average precision at an overlap of one half, all classes together, because most of them appear only once. */
export function pooledAp(photos: readonly Photo[], found: readonly (readonly (Thing & { score: number })[])[]): number {
  const all = found.flatMap((boxes, at) => boxes.map((box) => ({ ...box, at }))).sort((a, b) => b.score - a.score)
  const taken = new Set<Thing>()
  const points: { precision: number; recall: number }[] = []
  const there = photos.reduce((sum, { things }) => sum + things.length, 0)
  let right = 0
  for (const [rank, box] of all.entries()) {
    const match = photos[box.at]!.things.find(
      (thing) => thing.name === box.name && !taken.has(thing) && overlap(thing, box) >= OVERLAP_MIN,
    )
    if (match) {
      taken.add(match)
      right++
    }
    points.push({ precision: right / (rank + 1), recall: right / there })
  }
  let area = 0
  let [before, best] = [points.at(-1)?.recall ?? 0, 0]
  for (const { precision, recall } of points.toReversed()) {
    area += best * (before - recall)
    best = Math.max(best, precision)
    before = recall
  }
  return area + best * before
}

async function detection(photos: readonly Photo[], engine: string): Promise<Result[]> {
  const answers = await ask(
    engine,
    photos.map(({ bytes }) => picture(bytes)),
    ALL_BOXES,
  )
  const found = answers.map(({ regions }) =>
    regions.map(({ value, regionInfo, data }) => {
      const box = regionInfo!.boundingBox!
      return {
        name: data!.concepts[0]!.name,
        score: value,
        top: box.topRow,
        left: box.leftCol,
        bottom: box.bottomRow,
        right: box.rightCol,
      }
    }),
  )
  const things = photos.reduce((sum, photo) => sum + photo.things.length, 0)
  return [
    {
      name: `${engine}: AP50, classes pooled`,
      ours: pooledAp(photos, found),
      unit: 'share',
      note: `${photos.length} VOC photos, ${things} objects; things that VOC does not mark count as wrong`,
    },
  ]
}

async function tags(photos: readonly Photo[]): Promise<Result> {
  const answers = await ask(
    'coco-tags',
    photos.map(({ bytes }) => picture(bytes)),
  )
  const counts = { right: 0, found: 0, there: 0 }
  for (const [at, { concepts }] of answers.entries()) {
    const truth = new Set(photos[at]!.things.map(({ name }) => name))
    const said = concepts.filter(({ value }) => value >= 0.4)
    counts.right += said.filter(({ name }) => truth.has(name)).length
    counts.found += said.length
    counts.there += truth.size
  }
  const { precision, recall, f1: ours } = f1(counts.right, counts.found, counts.there)
  return {
    name: 'coco-tags: F1 of tags from .4',
    ours,
    unit: 'share',
    note: `precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}; ${photos.length} VOC photos`,
  }
}

async function moderation(photos: readonly Photo[]): Promise<Result> {
  const answers = await ask(
    'nsfw',
    photos.map(({ bytes }) => picture(bytes)),
  )
  return {
    name: 'nsfw: harmless photos called safe',
    ours: answers.filter((data) => bestOf(data) === 'sfw').length / photos.length,
    unit: 'share',
    note: `${photos.length} VOC photos, all harmless; no labelled unsafe ones may be shipped`,
  }
}

/** What the boxes show, cut out: the nearest other one, from another photo, should be of the same class. */
async function likeness(photos: readonly Photo[]): Promise<Result> {
  const cuts = await Promise.all(
    photos.flatMap(({ bytes, width, height, things }, at) =>
      things.map(async (box) => {
        const [left, top] = [Math.floor(box.left * width), Math.floor(box.top * height)]
        const size = {
          width: Math.max(1, Math.min(width - left, Math.ceil((box.right - box.left) * width))),
          height: Math.max(1, Math.min(height - top, Math.ceil((box.bottom - box.top) * height))),
        }
        const cut = sharp(bytes).extract({ left, top, ...size })
        const thumb = await cut
          .clone()
          .resize(THUMBNAIL_PX, THUMBNAIL_PX, { fit: 'fill' })
          .removeAlpha()
          .raw()
          .toBuffer()
        return { at, name: box.name, bytes: await cut.png().toBuffer(), thumb: unit(thumb) }
      }),
    ),
  )
  const classes = [...new Set(cuts.map(({ name }) => name))]
  // A class that only one photo shows cannot be found in another.
  const usable = cuts.filter(({ at, name }) => cuts.some((other) => other.name === name && other.at !== at))
  const vectors = (
    await ask(
      'mobilenet-v3-embed',
      cuts.map(({ bytes }) => picture(bytes)),
    )
  ).map(vectorOf)
  const judge = (of: (cut: (typeof cuts)[number]) => ArrayLike<number>): number =>
    usable.reduce((sum, cut) => {
      const labelled = (one: (typeof cuts)[number]) => ({ vector: of(one), label: classes.indexOf(one.name) })
      return sum + nearestNeighbour(cuts.filter(({ at }) => at !== cut.at).map(labelled), [labelled(cut)])
    }, 0) / usable.length
  const ours = judge((cut) => vectors[cuts.indexOf(cut)]!)
  const baseline = judge(({ thumb }) => thumb)
  return {
    name: 'mobilenet-v3-embed: nearest of another photo is of its class',
    ours,
    baseline,
    ratio: ours / baseline,
    unit: 'share',
    note: `${usable.length} objects cut out of VOC photos; baseline: thumbnails of ${THUMBNAIL_PX} x ${THUMBNAIL_PX}`,
  }
}

function unit(values: Uint8Array): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const centred = Array.from(values, (value) => value - mean)
  const length = Math.hypot(...centred) || 1
  return centred.map((value) => value / length)
}

/** Everything that photos with boxes tell. */
export async function vocFigures(folder: string): Promise<Result[]> {
  const photos = await readPhotos(folder)
  return [
    ...(await detection(photos, 'coco-ssd')),
    ...(await detection(photos, 'nanodet')),
    await tags(photos),
    await moderation(photos),
    await likeness(photos),
    ...(await windowFigures(photos)),
  ]
}
