import type { Mask } from '../../contract/index.ts'
import { MASK_BYTES_MAX } from './limits.ts'
import { invalidAnnotation } from './problem.ts'

/**
 * Refuses a mask without a picture or with one that is too large. Whether its bytes are a picture is seen where they
 * are decoded, see mask-picture.ts.
 */
export function checkMask({ image }: Mask): void {
  const bytes = image?.base64.length ?? 0
  if (!image || (bytes === 0 && image.url === '')) {
    throw invalidAnnotation('A mask has no picture; give it in mask.image, by base64 or by url.')
  }
  if (bytes > MASK_BYTES_MAX) {
    throw invalidAnnotation(`The picture of a mask has ${bytes} bytes; use at most ${MASK_BYTES_MAX}.`)
  }
  if (bytes === 0 && !URL.canParse(image.url)) {
    throw invalidAnnotation(`The url '${image.url.slice(0, 100)}' of a mask is not valid; write it with https://.`)
  }
}
