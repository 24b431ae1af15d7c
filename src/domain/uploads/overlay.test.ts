import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UploadPart } from '../../store/repos/uploads.ts'
import { applyOverlay, missingRanges, overlay } from './overlay.ts'

const LENGTH = 40

/** A part whose blob is known by its hash, of which byte n is the text `hash:n`. */
const part = (hash: string, start: number, size: number): UploadPart => ({
  start,
  size,
  hash,
  blob_start: 0,
  blob_size: size,
})

/** What each byte of the content is, as the parts say it. */
function bytesOf(parts: readonly UploadPart[]): (string | undefined)[] {
  const bytes: (string | undefined)[] = Array.from({ length: LENGTH })
  for (const { start, size, hash, blob_start } of parts) {
    for (let at = 0; at < size; at++) {
      assert.equal(bytes[start + at], undefined, 'parts overlap')
      bytes[start + at] = `${hash}:${blob_start + at}`
    }
  }
  return bytes
}

test('parts laid over one another leave what writing them into a file one after the other would', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return seed % below
  }
  for (let round = 0; round < 200; round++) {
    let parts: UploadPart[] = []
    const file: (string | undefined)[] = Array.from({ length: LENGTH })
    for (let n = 0; n < 12; n++) {
      const start = random(LENGTH)
      const next = part(`h${n}`, start, 1 + random(LENGTH - start))
      const change = overlay(parts, next)
      parts = applyOverlay(parts, change)
      for (let at = 0; at < next.size; at++) file[start + at] = `h${n}:${at}`
      assert.deepEqual(bytesOf(parts), file)
      const missing = missingRanges(parts, LENGTH).flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, at) => first + at),
      )
      assert.deepEqual(
        missing,
        file.flatMap((byte, at) => (byte === undefined ? [at] : [])),
      )
    }
  }
})

test('a part that comes a second time takes the place of the first', () => {
  const parts = [part('a', 0, 10), part('b', 10, 10)]
  const { gone, added } = overlay(parts, part('b', 10, 10))
  assert.deepEqual([gone, added], [[parts[1]], [part('b', 10, 10)]])
})
