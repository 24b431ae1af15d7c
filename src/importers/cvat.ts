import { create } from '@bufbuild/protobuf'
import { type Data, FrameInfoSchema, type RegionInfo } from '../contract/index.ts'
import { dataOf, type Found, label } from './item.ts'
import { cvatMask } from './masks.ts'
import { MediaFolder, stem } from './media-folder.ts'
import { readText } from './read-json.ts'
import { boxOf, type Extent, pointOf, polygonOf, regionData } from './shapes.ts'
import { attribute, element, elements, readXml, textOf, type Xml } from './xml.ts'

/** Elements that are a place in a picture. */
const PLACES = ['box', 'polygon', 'polyline', 'points', 'ellipse', 'mask'] as const

/** XML exports of CVAT: of pictures ("CVAT for images") and of films ("CVAT for video", whose tracks become frames). */
export async function* readCvat(dir: string): AsyncGenerator<Found> {
  const folder = await MediaFolder.open(dir)
  for (const path of folder.withEnding(['.xml'])) {
    let root: Xml | undefined
    try {
      root = element(readXml(await readText(folder.absolute(path))), 'annotations')
    } catch (error) {
      yield { source: path, problem: `The file is no XML: ${(error as Error).message}` }
      continue
    }
    if (!root) continue
    for (const image of elements(root, 'image')) yield* readImage(path, image, folder)
    if (elements(root, 'track').length > 0) yield* readFilm(path, root, folder)
  }
}

const extentOf = (of: Xml): Extent => ({
  width: Number(attribute(of, 'width')),
  height: Number(attribute(of, 'height')),
})

async function* readImage(path: string, image: Xml, folder: MediaFolder): AsyncGenerator<Found> {
  const name = attribute(image, 'name')
  const file = folder.find(name)
  if (file === undefined) {
    yield { source: `${path} ${name}`, problem: `There is no picture '${name}' in the folder.` }
    return
  }
  const annotations: Data[] = []
  for (const kind of PLACES) {
    for (const one of elements(image, kind)) {
      const places = await placesOf(kind, one, extentOf(image)).catch(() => [])
      if (places.length === 0)
        yield { source: `${path} ${name} ${kind}`, problem: 'The place covers nothing of the picture.' }
      for (const place of places) annotations.push(regionData(place, [label(attribute(one, 'label'))]))
    }
  }
  const names = new Set(elements(image, 'tag').map((tag) => attribute(tag, 'label')))
  const concepts = [...names].map((tag) => label(tag))
  const medium = { from: 'file', path: folder.absolute(file) } as const
  yield { source: file, id: stem(file), medium, data: dataOf({ concepts }), annotations }
}

async function placesOf(kind: (typeof PLACES)[number], one: Xml, extent: Extent): Promise<RegionInfo[]> {
  const at = (name: string): number => Number(attribute(one, name))
  const points = attribute(one, 'points').split(/[;,]/).map(Number)
  const single = ((): RegionInfo | undefined => {
    if (kind === 'box') return boxOf(at('xtl'), at('ytl'), at('xbr'), at('ybr'), extent)
    if (kind === 'ellipse')
      return boxOf(at('cx') - at('rx'), at('cy') - at('ry'), at('cx') + at('rx'), at('cy') + at('ry'), extent)
    return kind === 'polygon' || kind === 'polyline' ? polygonOf(points, extent) : undefined
  })()
  if (single) return [single]
  if (kind === 'points') {
    return Array.from({ length: Math.floor(points.length / 2) }, (_, n) =>
      pointOf(points[n * 2]!, points[n * 2 + 1]!, extent),
    )
  }
  if (kind !== 'mask') return []
  const runs = attribute(one, 'rle').split(',').map(Number)
  const area = { left: at('left'), top: at('top'), width: at('width'), height: at('height') }
  return [await cvatMask(runs, area, extent)]
}

/** A film: each shape that somebody has set is a frame with one region of its track. */
async function* readFilm(path: string, root: Xml, folder: MediaFolder): AsyncGenerator<Found> {
  const meta = element(root, 'meta')
  const task = element(meta, 'task') ?? element(meta, 'job')
  const named = textOf(task, 'source') || textOf(meta, 'source')
  const file = folder.find(named) ?? folder.media('video')[0]
  if (file === undefined) {
    yield { source: path, problem: `There is no film '${named}' in the folder.` }
    return
  }
  const size = element(task, 'original_size') ?? element(meta, 'original_size')
  const extent = { width: Number(textOf(size, 'width')), height: Number(textOf(size, 'height')) }
  const annotations: Data[] = []
  for (const track of elements(root, 'track')) {
    for (const kind of ['box', 'polygon'] as const) {
      const shapes = elements(track, kind).filter(
        (one) => attribute(one, 'outside') !== '1' && attribute(one, 'keyframe') !== '0',
      )
      for (const shape of shapes) {
        const [place] = await placesOf(kind, shape, extent)
        if (place) annotations.push(frameOf(Number(attribute(shape, 'frame')), track, place))
      }
    }
  }
  const medium = { from: 'file', path: folder.absolute(file) } as const
  yield { source: file, id: stem(file), medium, data: dataOf({}), annotations }
}

function frameOf(number: number, track: Xml, place: RegionInfo): Data {
  const concepts = [label(attribute(track, 'label'))]
  const data = regionData(place, concepts, `track-${attribute(track, 'id')}`)
  return dataOf({ frames: [{ frameInfo: create(FrameInfoSchema, { number }), data }] })
}
