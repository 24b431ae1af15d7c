import type { UploadPart } from '../../store/repos/uploads.ts'

/** What a new part changes. */
export interface Overlay {
  /** Parts that are there no longer as they were. */
  readonly gone: readonly UploadPart[]
  /** What takes their place, with the new part. */
  readonly added: readonly UploadPart[]
}

const endOf = ({ start, size }: { readonly start: number; readonly size: number }): number => start + size

/**
 * Lays a part over those that are there, which do not overlap: where it covers bytes of others it takes their place,
 * and what is left of those becomes parts of their own.
 */
export function overlay(parts: readonly UploadPart[], part: UploadPart): Overlay {
  const gone = parts.filter((other) => other.start < endOf(part) && endOf(other) > part.start)
  const rests = gone.flatMap((other) => [
    ...(other.start < part.start ? [{ ...other, size: part.start - other.start }] : []),
    ...(endOf(other) > endOf(part) ? [cutTo(other, endOf(part))] : []),
  ])
  return { gone, added: [...rests, part] }
}

/** The end of a part from a place in the content on. */
function cutTo(part: UploadPart, start: number): UploadPart {
  const cut = start - part.start
  return { ...part, start, size: part.size - cut, blob_start: part.blob_start + cut }
}

/** Parts in their order after an overlay. */
export function applyOverlay(parts: readonly UploadPart[], { gone, added }: Overlay): UploadPart[] {
  return [...parts.filter((part) => !gone.includes(part)), ...added].sort((a, b) => a.start - b.start)
}

/** The ranges of a content that no part covers, both ends included. */
export function missingRanges(
  parts: readonly { readonly start: number; readonly size: number }[],
  length: number,
): { readonly first: number; readonly last: number }[] {
  const missing: { first: number; last: number }[] = []
  let at = 0
  for (const part of parts) {
    if (part.start > at) missing.push({ first: at, last: part.start - 1 })
    at = endOf(part)
  }
  if (at < length) missing.push({ first: at, last: length - 1 })
  return missing
}
