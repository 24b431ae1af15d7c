import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { type DecodedAudio, decodeAudio } from '../media/audio.ts'
import type { EngineItem } from './engine.ts'

const numbers = new WeakMap<Uint8Array, number>()
let last = 0

/**
 * The sound of an item, 16 kHz mono; decoded once per input however many nodes ask. Rejects with AppError when the item
 * has no audio, or when its bytes cannot be decoded or last too long.
 */
export function soundOf({ data, scope }: EngineItem): Promise<DecodedAudio> {
  const bytes = data.audio?.base64
  if (!bytes || bytes.length === 0) {
    const details = 'The input has no audio; send audio.base64 or audio.url.'
    return Promise.reject(new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, details))
  }
  // Nodes see copies of the message that share its bytes, so the bytes are what identifies the sound.
  let number = numbers.get(bytes)
  if (number === undefined) {
    number = ++last
    numbers.set(bytes, number)
  }
  return scope.memo(`sound#${number}`, () => decodeAudio(bytes, { signal: scope.signal }))
}
