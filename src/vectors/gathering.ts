import type { PickedCodes } from './picked-codes.ts'

/** Some rows of an index, put together the way they are compared. */
export interface Gathering {
  /** Segments of which so many rows are meant that all of them are compared, with a mark at those. */
  readonly dense: readonly { readonly index: number; readonly some: Uint8Array }[]
  /** Rows that have no codes. */
  readonly alone: readonly number[]
  readonly picked: PickedCodes | undefined
}

/** Rows of a list from which on it is worth keeping what was gathered for it. */
const KEPT_ROWS_MIN = 1_000
/** Bytes of what is kept, over all indexes of a process. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024

const kept = new Map<ArrayLike<number>, { readonly gathering: Gathering; readonly bytes: number }>()
let keptBytes = 0

/**
 * What was gathered for a list of rows that may be used again: it is the same object then, and rows stay where they are,
 * so that it is kept by the list itself; what was not used for longest goes.
 */
export function gatheringOf(rows: ArrayLike<number>, gather: () => Gathering): Gathering {
  const known = kept.get(rows)
  if (known) {
    kept.delete(rows)
    kept.set(rows, known)
    return known.gathering
  }
  const gathering = gather()
  const bytes = bytesOf(gathering)
  if (rows.length < KEPT_ROWS_MIN || bytes > KEPT_BYTES_MAX) return gathering
  kept.set(rows, { gathering, bytes })
  keptBytes += bytes
  for (const [oldest, { bytes: freed }] of kept) {
    if (keptBytes <= KEPT_BYTES_MAX) break
    kept.delete(oldest)
    keptBytes -= freed
  }
  return gathering
}

const bytesOf = ({ dense, alone, picked }: Gathering): number =>
  (picked?.bytes ?? 0) + alone.length * 8 + dense.reduce((sum, { some }) => sum + some.length, 0)
