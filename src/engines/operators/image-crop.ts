import { create } from '@bufbuild/protobuf'
import { DataSchema, ImageSchema, RegionSchema } from '../../contract/index.ts'
import { pictureOf } from '../kit.ts'
import { numberParam } from '../params.ts'
import { MAX_CROP_MARGIN, MIN_CROP_MARGIN } from './limits.ts'
import { operator } from './operator.ts'

/**
 * Cuts the picture of each region out. `margin` is the size of the cut in box sizes: 1 is the box itself, 1.1 adds a
 * twentieth of the box on each side. Parts outside of the picture are left out; nothing is decoded before it is used.
 */
export const imageCrop = operator('image-crop', ({ params }) => {
  const margin = numberParam(params, 'margin', { otherwise: 1, min: MIN_CROP_MARGIN, max: MAX_CROP_MARGIN })
  return async (item) => {
    const picture = await pictureOf(item)
    const regions = item.data.regions.flatMap((region) => {
      const box = region.regionInfo?.boundingBox
      if (!box) return []
      const edges = { top: box.topRow, left: box.leftCol, bottom: box.bottomRow, right: box.rightCol }
      if (!Object.values(edges).every(Number.isFinite)) return []
      const image = create(ImageSchema)
      item.scope.bindImage(image, picture.crop(edges, { margin: (margin - 1) / 2 }))
      return [create(RegionSchema, { ...region, data: create(DataSchema, { image }) })]
    })
    return create(DataSchema, { regions })
  }
})
