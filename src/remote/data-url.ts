import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { sniff } from '../media/sniff.ts'

/** The bytes of a picture as a data URL; throws AppError 30101 when they are no picture. */
export async function imageUrl(bytes: Uint8Array): Promise<string> {
  const found = await sniff(bytes)
  if (found?.kind !== 'image') {
    throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The bytes are not a picture of a known format.')
  }
  return `data:${found.mime};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`
}
