import { clone } from '@bufbuild/protobuf'
import { AnnotationSchema, type Data, type Region, RegionInfoSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Reader } from '../../store/database.ts'
import { documentsNaming } from '../../store/repos/annotation-lists.ts'
import { invalidAnnotation } from './problem.ts'
import { walk } from './walk.ts'

/**
 * Gives regions that only name a region by its id, which a model or somebody else has found on the input before, the
 * place of that one. Throws AppError 24155 when the input has no such region.
 */
export async function placeRegions(reader: Reader, inputPk: number, data: Data): Promise<void> {
  for (const { data: part } of walk(data)) {
    for (const region of part.regions) if (!region.regionInfo) await placeRegion(reader, inputPk, region)
  }
}

async function placeRegion(reader: Reader, inputPk: number, region: Region): Promise<void> {
  for (const doc of await documentsNaming(reader, inputPk, region.id)) {
    const { data } = decodeDoc(AnnotationSchema, doc)
    if (!data) continue
    for (const { data: part } of walk(data)) {
      const info = part.regions.find(({ id, regionInfo }) => id === region.id && regionInfo)?.regionInfo
      if (!info) continue
      region.regionInfo = clone(RegionInfoSchema, info)
      return
    }
  }
  throw invalidAnnotation(
    `The input has no region '${region.id}'; name a region that was found on it, or give this one a region_info.`,
  )
}
