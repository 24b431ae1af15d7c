import type { Region } from '../../contract/index.ts'
import { SHAPES } from '../../store/data-bits.ts'

/** Which SHAPES the place of a region has. */
export function shapesOfRegion({ regionInfo: info }: Pick<Region, 'regionInfo'>): number {
  if (!info) return 0
  return (
    (info.boundingBox ? SHAPES.bounding_box : 0) |
    (info.mask ? SHAPES.mask : 0) |
    (info.point ? SHAPES.point : 0) |
    (info.polygon ? SHAPES.polygon : 0) |
    (info.span ? SHAPES.span : 0) |
    (info.token ? SHAPES.token : 0) |
    (info.keypointLocations.length > 0 ? SHAPES.keypoints : 0)
  )
}
