import type { Data, Image, Region } from '../../contract/index.ts'
import { dataOf, regionWith } from '../data.ts'

/** Data without the pictures that `drop` accepts, inside regions too; the same object when there are none. */
export function withoutPictures(data: Data, drop: (image: Image) => boolean): Data {
  const regions = data.regions.map((region) => withoutPicture(region, drop))
  const drops = data.image !== undefined && drop(data.image)
  if (!drops && regions.every((region, at) => region === data.regions[at])) return data
  return dataOf({ ...data, regions, image: drops ? undefined : data.image })
}

function withoutPicture(region: Region, drop: (image: Image) => boolean): Region {
  const data = region.data && withoutPictures(region.data, drop)
  return data === region.data ? region : regionWith(region, data)
}

/** Bytes of all encoded pictures in data. */
export function pictureBytes(data: Data): number {
  const own = data.image?.base64.length ?? 0
  return data.regions.reduce((sum, region) => sum + (region.data ? pictureBytes(region.data) : 0), own)
}
