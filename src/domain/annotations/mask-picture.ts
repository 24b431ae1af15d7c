import type { Data } from '../../contract/index.ts'
import { checkPng } from '../../media/png.ts'
import { MASK_PIXELS_MAX } from './limits.ts'
import { invalidAnnotation } from './problem.ts'
import { walk } from './walk.ts'

/** Refuses masks whose bytes are no picture; those given by their addresses are looked at by nobody. */
export async function checkMaskPictures(data: Data): Promise<void> {
  for (const { data: part } of walk(data)) {
    for (const { regionInfo } of part.regions) {
      const bytes = regionInfo?.mask?.image?.base64
      if (!bytes || bytes.length === 0) continue
      const found = await checkPng(bytes, MASK_PIXELS_MAX)
      if (typeof found === 'string') throw invalidAnnotation(`The picture of a mask ${found}; send a whole PNG.`)
    }
  }
}
