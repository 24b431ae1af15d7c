import type { Label } from '../concepts.ts'

/** What a text may be. */
export const PROFANITY_LABELS = {
  profane: { id: 'profane', name: 'profane' },
  clean: { id: 'clean', name: 'clean' },
} as const satisfies Record<string, Label>
