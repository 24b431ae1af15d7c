import type { Label } from '../concepts.ts'

/** The three answers, in the order in which Twitter-RoBERTa and its like number theirs. */
export const SENTIMENT_LABELS = [
  { id: 'negative', name: 'negative' },
  { id: 'neutral', name: 'neutral' },
  { id: 'positive', name: 'positive' },
] as const satisfies readonly Label[]
