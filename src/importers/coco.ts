import type { JsonObject } from '@bufbuild/protobuf'
import { type Concept, type Data, DataSchema, type RegionInfo } from '../contract/index.ts'
import { decodeJson } from '../contract/json/index.ts'
import {
  asList,
  asNumber,
  asObject,
  asText,
  dataOf,
  type Found,
  label,
  type MediumKind,
  type MediumSource,
  type Problem,
} from './item.ts'
import { cocoMask } from './masks.ts'
import { MediaFolder, stem } from './media-folder.ts'
import { readJson } from './read-json.ts'
import { boxOf, type Extent, keypointsOf, polygonOf, regionData } from './shapes.ts'

/** An input that is put together from several files. */
interface Picture {
  readonly source: string
  readonly id: string
  readonly medium: MediumSource | undefined
  readonly extent: Extent
  readonly concepts: Concept[]
  readonly annotations: Data[]
  facts: { metadata?: JsonObject; geo?: { latitude: number; longitude: number } }
}

const KINDS: readonly string[] = ['image', 'video', 'audio', 'text']

/**
 * JSON files of COCO (instances, keypoints, captions) with the pictures beside them or at their `coco_url`, and the
 * `labels.json` that our own exports have beside them for what COCO has no words for.
 */
export async function* readCoco(dir: string): AsyncGenerator<Found> {
  const folder = await MediaFolder.open(dir)
  const pictures = new Map<string, Picture>()
  for (const path of folder.withEnding(['.json'])) {
    const file = asObject(await readJson(folder.absolute(path)))
    if (!file || !(Array.isArray(file.images) || Array.isArray(file.inputs))) continue
    yield* readFile(path, file, folder, pictures)
  }
  for (const { source, id, medium, concepts, annotations, facts } of pictures.values()) {
    if (!medium) {
      yield { source, problem: 'There is no such file in the folder, and the entry has no coco_url.' }
      continue
    }
    const { metadata, geo } = facts
    const data = dataOf({ concepts, ...(metadata && { metadata }), ...(geo && { geo: { geoPoint: geo } }) })
    yield { source, id, medium, data, annotations }
  }
}

async function* readFile(
  path: string,
  file: JsonObject,
  folder: MediaFolder,
  pictures: Map<string, Picture>,
): AsyncGenerator<Problem> {
  const categories = new Map(asList(file.categories).flatMap((one) => readCategory(asObject(one))))
  const byNumber = new Map<unknown, Picture>()
  for (const one of [...asList(file.images), ...asList(file.inputs)]) {
    const entry = asObject(one)
    if (!entry) continue
    const name = asText(entry.file_name) || asText(entry.input_id)
    const key = asText(entry.input_id) || name
    const picture = pictures.get(key) ?? readPicture(entry, name, folder)
    addFacts(picture, entry)
    pictures.set(key, picture)
    byNumber.set(entry.id, picture)
  }
  for (const [at, one] of asList(file.annotations).entries()) {
    const entry = asObject(one) ?? {}
    const picture = byNumber.get(entry.image_id ?? entry.input)
    const problem = picture
      ? await addAnnotation(picture, entry, categories).catch((error: Error) => error.message)
      : 'The annotation belongs to no picture of the file.'
    if (problem !== undefined) yield { source: `${path} annotation ${asText(entry.id) || at + 1}`, problem }
  }
}

function readCategory(entry: JsonObject | undefined): [unknown, Concept][] {
  const name = asText(entry?.name)
  if (!entry || name === '') return []
  return [[entry.id, label(name, asText(entry.concept_id) || undefined)]]
}

function readPicture(entry: JsonObject, name: string, folder: MediaFolder): Picture {
  const file = asText(entry.file_name) === '' ? undefined : folder.find(name)
  const url = asText(entry.coco_url) || asText(entry.url) || asText(entry.flickr_url)
  const type = asText(entry.type)
  const kind = KINDS.includes(type) ? (type as MediumKind) : entry.file_name ? 'image' : undefined
  const medium: MediumSource | undefined = file
    ? { from: 'file', path: folder.absolute(file) }
    : url
      ? { from: 'url', url, kind }
      : undefined
  return {
    source: name,
    id: asText(entry.input_id) || stem(name),
    medium,
    extent: { width: asNumber(entry.width) ?? 0, height: asNumber(entry.height) ?? 0 },
    concepts: [],
    annotations: [],
    facts: {},
  }
}

function addFacts(picture: Picture, entry: JsonObject): void {
  const metadata = asObject(entry.metadata)
  const geo = asObject(entry.geo)
  if (metadata) picture.facts.metadata = metadata
  const [latitude, longitude] = [asNumber(geo?.latitude), asNumber(geo?.longitude)]
  if (latitude !== undefined && longitude !== undefined) picture.facts.geo = { latitude, longitude }
}

/** Adds what one entry says; answers what is wrong with it. */
async function addAnnotation(
  { annotations, concepts, extent }: Picture,
  entry: JsonObject,
  categories: ReadonlyMap<unknown, Concept>,
): Promise<string | undefined> {
  if (typeof entry.caption === 'string') {
    annotations.push(dataOf({ text: { raw: entry.caption } }))
    return undefined
  }
  const data = asObject(entry.data)
  if (data) {
    annotations.push(decodeJson(DataSchema, data))
    return undefined
  }
  const concept = categories.get(entry.category_id)
  if (!concept) return 'The annotation has no category of the file.'
  const isWhole = entry.bbox === undefined && entry.segmentation === undefined && entry.keypoints === undefined
  if (isWhole) {
    const value = asNumber(entry.value) ?? 1
    concepts.push(label(concept.name, concept.id, value))
    return undefined
  }
  const places = await placesOf(entry, extent)
  if (places.length === 0) return 'The annotation has no place in the picture, or one that covers nothing.'
  for (const place of places) annotations.push(regionData(place, [label(concept.name, concept.id)]))
  return undefined
}

/** A polygon for each part of a segmentation, else a mask, else the box. */
async function placesOf(entry: JsonObject, extent: Extent): Promise<RegionInfo[]> {
  const [left = 0, top = 0, width = 0, height = 0] = asList(entry.bbox).map(Number)
  const box = boxOf(left, top, left + width, top + height, extent)
  const keypoints = asList(entry.keypoints).map(Number)
  if (keypoints.length > 0) return [keypointsOf(keypoints, extent, box)].flatMap((place) => place ?? [])
  const runs = asObject(entry.segmentation)
  if (runs) {
    const [rows = 0, columns = 0] = asList(runs.size).map(Number)
    const counts = typeof runs.counts === 'string' ? runs.counts : asList(runs.counts).map(Number)
    return [await cocoMask(counts, [rows, columns])]
  }
  const polygons = asList(entry.segmentation).flatMap((line) => polygonOf(asList(line).map(Number), extent) ?? [])
  return polygons.length > 0 ? polygons : box ? [box] : []
}
