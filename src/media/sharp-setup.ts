import sharp from 'sharp'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

// One thread per picture: workers already run side by side, and libvips' own threads only get in their way.
sharp.concurrency(1)
// Operation caching holds on to decoded pictures of other requests.
sharp.cache(false)
// Only the decoders of accepted formats may ever see bytes of a caller; SVG, PDF and others stay shut.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Tiff', 'Nsgif'].map((name) => `VipsForeignLoad${name}`),
})

/** Turns an error of the image library into one sentence for the caller; other AppErrors pass as they are. */
export function imageError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const text = error instanceof Error ? error.message : String(error)
  if (/pixel limit|too large|exceeds/i.test(text)) {
    return new AppError(StatusCode.INPUT_OVER_LIMIT, 'Input image is larger than the allowed limit.', { cause: error })
  }
  return new AppError(
    StatusCode.ALL_INPUT_INVALID_BYTES,
    'The image cannot be decoded: its bytes are damaged or incomplete.',
    { cause: error },
  )
}

export { sharp }
