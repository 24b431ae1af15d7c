import { isUtf8 } from 'node:buffer'
import { AppError } from '../../base/errors.ts'
import { wordsOf } from '../../base/words.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { MAX_TEXT_BYTES } from '../limits.ts'
import type { Prepared } from './prepared.ts'

const BOM = [0xef, 0xbb, 0xbf]

/** Facts of a text in UTF-8, or in UTF-16 with a byte order mark, which is converted. */
export function prepareText(bytes: Uint8Array): Prepared {
  if (bytes.length > MAX_TEXT_BYTES) {
    throw new AppError(
      StatusCode.INPUT_OVER_LIMIT,
      `Input text is larger than the allowed limit of ${MAX_TEXT_BYTES} bytes.`,
    )
  }
  const converted = fromUtf16(bytes)
  const text = converted ?? bytes
  if (!isUtf8(text) || text.includes(0)) {
    throw new AppError(
      StatusCode.INPUT_UNSUPPORTED_FORMAT,
      'The text is not valid UTF-8; send UTF-8, or UTF-16 with a byte order mark.',
    )
  }
  return {
    facts: { kind: 'text', charCount: countCharacters(text), encoding: 'UTF8' },
    contentType: 'text/plain; charset=utf-8',
    sizes: [],
    ...(converted && { converted }),
    words: wordsOf(new TextDecoder().decode(text)),
  }
}

function fromUtf16(bytes: Uint8Array): Uint8Array | undefined {
  const [first, second] = bytes
  const isLittle = first === 0xff && second === 0xfe
  if (!isLittle && !(first === 0xfe && second === 0xff)) return undefined
  try {
    return Buffer.from(new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The text is not valid UTF-16.', { cause: error })
  }
}

/** Code points, without a byte order mark: each has exactly one byte that continues none. */
function countCharacters(utf8: Uint8Array): number {
  let count = BOM.every((byte, at) => utf8[at] === byte) ? -1 : 0
  for (let at = 0; at < utf8.length; at++) if ((utf8[at]! & 0xc0) !== 0x80) count++
  return count
}
