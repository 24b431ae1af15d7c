import { basename, dirname } from 'node:path'
import { parse } from 'yaml'
import type { Data, RegionInfo } from '../contract/index.ts'
import { asList, asNumber, asObject, asText, dataOf, type Found, label } from './item.ts'
import { MediaFolder, stem } from './media-folder.ts'
import { readText } from './read-json.ts'
import { boxOf, type Extent, keypointsOf, polygonOf, regionData } from './shapes.ts'

/** Places are shares of the picture. */
const WHOLE: Extent = { width: 1, height: 1 }

interface Names {
  readonly classes: readonly string[]
  /** Numbers of each keypoint (2 or 3) where there are any. */
  readonly keypointSize: number | undefined
}

/** Pictures with text files of the same name beside them or in `labels`: boxes, polygons or poses by class number. */
export async function* readYolo(dir: string): AsyncGenerator<Found> {
  const folder = await MediaFolder.open(dir)
  const names = await readNames(folder)
  const labels = new Map<string, string[]>()
  for (const path of folder.withEnding(['.txt'])) labels.set(stem(path), [...(labels.get(stem(path)) ?? []), path])
  for (const path of folder.media('image')) {
    const file = labelFile(path, labels.get(stem(path)) ?? [])
    const annotations: Data[] = []
    if (file !== undefined) {
      const lines = (await readText(folder.absolute(file))).split(/\r?\n/)
      for (const [at, line] of lines.entries()) {
        if (line.trim() === '') continue
        const read = readLine(line, names)
        if (typeof read === 'string') yield { source: `${file}:${at + 1}`, problem: read }
        else annotations.push(read)
      }
    }
    yield {
      source: path,
      id: stem(path),
      medium: { from: 'file', path: folder.absolute(path) },
      data: dataOf({}),
      annotations,
    }
  }
}

// images/train/a.jpg goes with labels/train/a.txt.
function labelFile(path: string, found: readonly string[]): string | undefined {
  const wanted = dirname(path)
    .split('/')
    .map((part) => (part === 'images' ? 'labels' : part))
    .join('/')
  return found.find((file) => dirname(file) === wanted) ?? found.find((file) => dirname(file) === dirname(path))
}

async function readNames(folder: MediaFolder): Promise<Names> {
  for (const path of folder.withEnding(['.yaml', '.yml'])) {
    const content = asObject(parse(await readText(folder.absolute(path))))
    const { names, kpt_shape: shape } = content ?? {}
    if (names === undefined || names === null) continue
    const classes = Array.isArray(names) ? names.map(asText) : namesByNumber(asObject(names) ?? {})
    return { classes, keypointSize: asNumber(asList(shape)[1]) }
  }
  const list = folder.paths.find((path) => ['classes.txt', 'obj.names', '_darknet.labels'].includes(basename(path)))
  if (list === undefined) return { classes: [], keypointSize: undefined }
  const lines = (await readText(folder.absolute(list))).split(/\r?\n/)
  return { classes: lines.map((line) => line.trim()), keypointSize: undefined }
}

function namesByNumber(names: object): string[] {
  const classes: string[] = []
  for (const [number, name] of Object.entries(names)) classes[Number(number)] = asText(name)
  return classes
}

function readLine(line: string, { classes, keypointSize }: Names): Data | string {
  const numbers = line.trim().split(/\s+/).map(Number)
  const [index = Number.NaN, ...rest] = numbers
  if (!Number.isInteger(index) || index < 0 || !rest.every(Number.isFinite))
    return 'The line has something that is no number.'
  const info = placeOf(rest, keypointSize)
  if (!info) return 'The box or polygon covers nothing of the picture.'
  return regionData(info, [label(classes[index] || `class-${index}`)])
}

function placeOf(rest: readonly number[], keypointSize: number | undefined): RegionInfo | undefined {
  const isPolygon = keypointSize === undefined && rest.length >= 6 && rest.length % 2 === 0
  if (isPolygon) return polygonOf(rest, WHOLE)
  const [x = 0, y = 0, width = 0, height = 0] = rest
  const box = boxOf(x - width / 2, y - height / 2, x + width / 2, y + height / 2, WHOLE)
  if (keypointSize === undefined) return box
  const triples: number[] = []
  for (let at = 4; at + 1 < rest.length; at += keypointSize) {
    triples.push(rest[at]!, rest[at + 1]!, keypointSize === 3 ? rest[at + 2]! : 2)
  }
  return keypointsOf(triples, WHOLE, box)
}
