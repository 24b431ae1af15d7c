import { create } from '@bufbuild/protobuf'
import { DataSchema, ImageSchema, type Point, type Region } from '../../contract/index.ts'
import { ImageHandle, type SquareRegion } from '../../media/image.ts'
import { pictureOf } from '../kit.ts'
import { numberParam } from '../params.ts'
import { operator } from './operator.ts'

const DEFAULT_SIDE_PX = 224
const MIN_SIDE_PX = 32
const MAX_SIDE_PX = 1024
/** From this many points on they follow the outline of the face; fewer lie between eyes and mouth. */
const OUTLINE_POINTS_MIN = 60
/** Side of the aligned picture in sizes of what the points span, for outlines and for inner points. */
const OUTLINE_SCALE = 1.5
const INNER_SCALE = 2.6

interface Place {
  readonly x: number
  readonly y: number
}

/** A face by its points in pixels; `eyes` are the two eyes, where the points tell them. */
interface PointedFace {
  readonly points: readonly Place[]
  readonly eyes?: readonly [Place, Place]
}

/** Which points of a list of so many are the corners of the two eyes, in the common schemes. */
const EYE_POINTS: ReadonlyMap<number, readonly [readonly number[], readonly number[]]> = new Map([
  [5, [[0], [1]]],
  [6, [[0], [1]]],
  [
    68,
    [
      [36, 39],
      [42, 45],
    ],
  ],
  [
    468,
    [
      [33, 133],
      [362, 263],
    ],
  ],
  [
    478,
    [
      [33, 133],
      [362, 263],
    ],
  ],
])
const EYE_NAME = /eye(?!brow)/i

/**
 * Turns the face of a picture by its points so that the eyes are level, and cuts it out as a square of `image_size`
 * pixels. Points come as keypoint_locations of a region or as regions with one point each, their concepts saying
 * which are eyes; without known eyes the face is not turned. Of several faces the largest is taken; no points, no answer.
 */
export const imageAlign = operator('image-align', ({ params }) => {
  const limits = { otherwise: DEFAULT_SIDE_PX, min: MIN_SIDE_PX, max: MAX_SIDE_PX }
  const side = Math.round(numberParam(params, 'image_size', limits))
  return async (item) => {
    const picture = await pictureOf(item)
    const squares = facesOf(item.data.regions, picture).map(squareOf)
    const square = squares.filter(isUsable).sort((a, b) => b.side - a.side)[0]
    if (!square) return create(DataSchema)
    const image = create(ImageSchema)
    const pixels = await picture.rotateCrop(square, side)
    item.scope.bindImage(image, ImageHandle.fromRaw(pixels, side, side))
    return create(DataSchema, { image })
  }
})

function facesOf(regions: readonly Region[], { width, height }: ImageHandle): PointedFace[] {
  const toPlace = ({ col, row }: Point): Place => ({ x: col * width, y: row * height })
  const faces = regions
    .map(({ regionInfo }) => regionInfo?.keypointLocations ?? [])
    .filter((locations) => locations.length > 1)
    .map((locations): PointedFace => {
      const points = locations.map(toPlace)
      const corners = EYE_POINTS.get(points.length)
      const middle = (indexes: readonly number[]): Place => middleOf(indexes.map((index) => points[index]!))
      return corners ? { points, eyes: [middle(corners[0]), middle(corners[1])] } : { points }
    })
  const single = regions.filter(({ regionInfo }) => regionInfo?.point)
  if (single.length > 1) {
    const points = single.map(({ regionInfo }) => toPlace(regionInfo!.point!))
    const named = points.filter((_, at) => single[at]!.data?.concepts.some(({ id, name }) => EYE_NAME.test(name || id)))
    const middles = eyeMiddles(named)
    faces.push(middles ? { points, eyes: middles } : { points })
  }
  return faces
}

/** Points of both eyes, however many, parted into the left half and the right half of the picture. */
function eyeMiddles(points: readonly Place[]): [Place, Place] | undefined {
  if (points.length < 2) return undefined
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const half = Math.ceil(sorted.length / 2)
  return [middleOf(sorted.slice(0, half)), middleOf(sorted.slice(half))]
}

const middleOf = (points: readonly Place[]): Place => ({
  x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
  y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
})

/** The square around the points of a face, turned with its eyes. */
function squareOf({ points, eyes }: PointedFace): SquareRegion {
  const angle = eyes ? Math.atan2(eyes[1].y - eyes[0].y, eyes[1].x - eyes[0].x) : 0
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const across = span(points.map(({ x, y }) => x * cos + y * sin))
  const down = span(points.map(({ x, y }) => y * cos - x * sin))
  const scale = points.length >= OUTLINE_POINTS_MIN ? OUTLINE_SCALE : INNER_SCALE
  return {
    centerX: across.middle * cos - down.middle * sin,
    centerY: across.middle * sin + down.middle * cos,
    side: Math.max(across.length, down.length) * scale,
    angle,
  }
}

function span(values: readonly number[]): { middle: number; length: number } {
  const low = values.reduce((least, value) => Math.min(least, value))
  const high = values.reduce((most, value) => Math.max(most, value))
  return { middle: (low + high) / 2, length: high - low }
}

const isUsable = (square: SquareRegion): boolean => Object.values(square).every(Number.isFinite) && square.side >= 1
