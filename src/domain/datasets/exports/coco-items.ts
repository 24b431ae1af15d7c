import { type Input, Point_Visibility, type Region, type RegionInfo } from '../../../contract/index.ts'
import type { Categories, Numbered } from './coco.ts'

/** Width and height of a picture, in pixels. */
interface Size {
  readonly width: number
  readonly height: number
}

const EXTENSIONS: Readonly<Record<string, string>> = { JPEG: 'jpg', TIFF: 'tif' }

function sizeOf({ data }: Input): Size {
  const { width = 0, height = 0 } = data?.image?.imageInfo ?? {}
  return { width, height }
}

const isPicture = ({ data }: Input): boolean => data?.image !== undefined && sizeOf({ data } as Input).width > 0

/** Where the original of an input can be fetched from. */
function urlOf({ data }: Input): string {
  const medium = data?.image ?? data?.video ?? data?.audio ?? data?.text
  const { hosted } = medium ?? {}
  return hosted?.prefix ? `${hosted.prefix}/orig/${hosted.suffix}` : (medium?.url ?? '')
}

/** The entry of a picture in the list of images, or nothing for other media. */
export function cocoImage({ input, number }: Numbered): object[] {
  if (!isPicture(input)) return []
  const format = input.data?.image?.imageInfo?.format ?? 'JPEG'
  const file_name = `${input.id}.${EXTENSIONS[format] ?? format.toLowerCase()}`
  return [{ id: number, file_name, ...sizeOf(input), coco_url: urlOf(input), input_id: input.id }]
}

/** Any input with what it is, for the list that COCO does not have. */
export function mediumOf(input: Input, number: number): object {
  const type = (['image', 'video', 'audio', 'text'] as const).find((kind) => input.data?.[kind]) ?? 'text'
  const { metadata, geo } = input.data ?? {}
  return {
    id: number,
    input_id: input.id,
    type,
    url: urlOf(input),
    ...(metadata && { metadata }),
    ...(geo?.geoPoint && { geo: { latitude: geo.geoPoint.latitude, longitude: geo.geoPoint.longitude } }),
  }
}

/** What is written on or said about a picture; undefined where nothing is. */
export const captionOf = (input: Input): string | undefined =>
  isPicture(input) && input.data?.text?.raw ? input.data.text.raw : undefined

/** Whether COCO's own file can hold a region: it lies in a picture, has a form that COCO knows, and a label that is there. */
export const isInstance = (input: Input, region: Region): boolean => {
  const { boundingBox, polygon, keypointLocations = [] } = region.regionInfo ?? {}
  const labels = region.data?.concepts ?? []
  return (
    isPicture(input) &&
    (boundingBox !== undefined || polygon !== undefined || keypointLocations.length > 0) &&
    labels.length > 0 &&
    labels.every(({ value }) => value === 1)
  )
}

/** The regions of a picture as COCO annotations, one for each label. */
export function instancesOf({ input, number }: Numbered, categories: Categories): object[] {
  const size = sizeOf(input)
  return (input.data?.regions ?? [])
    .filter((region) => isInstance(input, region))
    .flatMap(({ regionInfo, data }) => {
      const place = placeOf(regionInfo!, size)
      return data!.concepts.map(({ id }) => ({ image_id: number, category_id: categories.get(id)!.number, ...place }))
    })
}

function placeOf(info: RegionInfo, { width, height }: Size): object {
  const { boundingBox: box, polygon, keypointLocations } = info
  const points = polygon?.points ?? keypointLocations.filter(isThere)
  const rows = box ? [box.topRow, box.bottomRow] : points.map(({ row }) => row)
  const columns = box ? [box.leftCol, box.rightCol] : points.map(({ col }) => col)
  const [top, left] = [Math.min(...rows) * height, Math.min(...columns) * width]
  const [tall, wide] = [Math.max(...rows) * height - top, Math.max(...columns) * width - left]
  const segmentation = polygon
    ? [polygon.points.flatMap(({ row, col }) => [round(col * width), round(row * height)])]
    : []
  return {
    bbox: [left, top, wide, tall].map(round),
    area: round(polygon ? areaOf(segmentation[0]!) : wide * tall),
    segmentation,
    iscrowd: 0,
    ...(keypointLocations.length > 0 && {
      num_keypoints: keypointLocations.filter(isThere).length,
      keypoints: keypointLocations.flatMap(({ row, col, visibility }) =>
        isThere({ visibility })
          ? [round(col * width), round(row * height), visibility === Point_Visibility.NOT_VISIBLE ? 1 : 2]
          : [0, 0, 0],
      ),
    }),
  }
}

const isThere = ({ visibility }: { readonly visibility: Point_Visibility }): boolean =>
  visibility !== Point_Visibility.NOT_PRESENT

// Enough places to find the same 32-bit fraction of the picture again.
const round = (pixels: number): number => Math.round(pixels * 1e4) / 1e4

/** By the shoelace formula, over x and y in turns. */
function areaOf(line: readonly number[]): number {
  let twice = 0
  for (let at = 0; at < line.length; at += 2) {
    const next = (at + 2) % line.length
    twice += line[at]! * line[next + 1]! - line[next]! * line[at + 1]!
  }
  return Math.abs(twice) / 2
}
