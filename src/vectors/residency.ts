import { RESIDENT_RAW_SHARE } from './limits.ts'

/** What of the rows may be held in memory, over all indexes of a process. */
export interface Residency {
  /** True when this many more bytes may be held; they count from then on. */
  take(bytes: number, kind: 'raw' | 'codes'): boolean
  give(bytes: number, kind: 'raw' | 'codes'): void
}

/** Shares so many bytes between raw vectors and codes. */
export function countingResidency(max: number): Residency {
  const limits = { raw: max * RESIDENT_RAW_SHARE, codes: max * (1 - RESIDENT_RAW_SHARE) }
  const used = { raw: 0, codes: 0 }
  return {
    take(bytes, kind) {
      if (used[kind] + bytes > limits[kind]) return false
      used[kind] += bytes
      return true
    },
    give(bytes, kind) {
      used[kind] -= bytes
    },
  }
}
