import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { DataSchema, ImageSchema, RegionSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { pictureOf } from '../kit.ts'
import { countParam, invalidParam } from '../params.ts'
import { MAX_TILE_SIDE_PX, MAX_TILES, MIN_TILE_SIDE_PX } from './limits.ts'
import { operator } from './operator.ts'

/**
 * Cuts a picture into tiles of `tile_size` pixels a side that overlap by at least `max_object_size`, so that a thing
 * of that size is whole in one of them. A side that is shorter than a tile is not cut. Nothing is decoded before a
 * tile is used.
 */
export const imageTiling = operator('image-tiling-operator', ({ params }) => {
  const side = { min: MIN_TILE_SIDE_PX, max: MAX_TILE_SIDE_PX }
  const tile = countParam(params, 'tile_size', { otherwise: 512, ...side })
  const overlap = countParam(params, 'max_object_size', { otherwise: 120, min: 0, max: MAX_TILE_SIDE_PX })
  if (overlap >= tile) {
    throw invalidParam(`The parameter max_object_size is ${overlap}; it must be smaller than tile_size, ${tile}.`)
  }
  return async (item) => {
    const picture = await pictureOf(item)
    const rows = spans(picture.height, tile, overlap)
    const columns = spans(picture.width, tile, overlap)
    const tiles = rows.length * columns.length
    if (tiles > MAX_TILES) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The picture would be cut into ${tiles} tiles, at most ${MAX_TILES} are allowed; raise tile_size.`,
      )
    }
    const regions = rows.flatMap(([top, bottom]) =>
      columns.map(([left, right]) => {
        const image = create(ImageSchema)
        item.scope.bindImage(image, picture.crop({ top, left, bottom, right }))
        return create(RegionSchema, {
          value: 1,
          regionInfo: { boundingBox: { topRow: top, leftCol: left, bottomRow: bottom, rightCol: right } },
          data: create(DataSchema, { image }),
        })
      }),
    )
    return create(DataSchema, { regions })
  }
})

/** Begin and end of each tile along one side of `length` pixels, as shares of it, evenly spread. */
function spans(length: number, tile: number, overlap: number): [number, number][] {
  if (length <= tile) return [[0, 1]]
  const count = Math.ceil((length - overlap) / (tile - overlap))
  return Array.from({ length: count }, (_, at) => {
    const start = Math.round((at * (length - tile)) / (count - 1))
    return [start / length, (start + tile) / length]
  })
}
