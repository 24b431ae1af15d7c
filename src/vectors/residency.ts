/** What of the rows may be held in memory, over all indexes of a process. */
export interface Residency {
  /** True when this many more bytes may be held; they count from then on. */
  take(bytes: number, kind: 'raw' | 'codes'): boolean
  give(bytes: number, kind: 'raw' | 'codes'): void
}
