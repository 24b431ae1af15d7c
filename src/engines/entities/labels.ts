import type { Label } from '../concepts.ts'

/** The kinds that are found, with the usual short names of such models. */
export const ENTITY_LABELS = {
  person: { id: 'PER', name: 'PER' },
  place: { id: 'LOC', name: 'LOC' },
  organization: { id: 'ORG', name: 'ORG' },
} as const satisfies Record<string, Label>
