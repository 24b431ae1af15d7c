import { ENTITY_LABELS } from '../engines/entities/labels.ts'
import { PROFANITY_LABELS } from '../engines/profanity/labels.ts'
import { SENTIMENT_LABELS } from '../engines/sentiment/labels.ts'
import { publicConcept } from './concepts.ts'
import type { CatalogueModel } from './types.ts'

/** Models that work on text. */
export const textModels: readonly CatalogueModel[] = [
  {
    id: 'tinyllama-1_1b-chat',
    typeId: 'text-to-text',
    name: 'TinyLlama 1.1B Chat',
    description:
      'Writes short English texts and answers simple questions, by TinyLlama 1.1B squeezed to 2 bits: fluent, but often wrong and hard to instruct. It shows how language models run here; connect a better one for work (docs/remote-runtimes.md).',
    engine: 'tinyllama-1-1b',
    weights: ['tinyllama-1-1b-chat'],
    license: 'Apache-2.0',
    useCases: ['chat'],
    languages: ['en'],
  },
  {
    id: 'multilingual-text-embedding',
    versions: ['9b33adf15280465b857163ddaaacdcb1'],
    typeId: 'text-embedder',
    name: 'Text Embedding',
    description:
      '384 numbers that describe the meaning of a text, by all-MiniLM-L6-v2 (4 bit); made for English, weak in other languages.',
    engine: 'minilm-embed',
    weights: ['all-minilm-l6-v2'],
    license: 'Apache-2.0',
    useCases: ['embedding'],
    languages: ['en'],
  },
  {
    id: 'zero-shot-text-classification-minilm',
    typeId: 'zero-shot-text-classifier',
    name: 'Zero-Shot Text Classification',
    description:
      'Which of the labels in the parameter candidate_labels a text is nearest to in meaning, by the cosines of all-MiniLM-L6-v2; no network trained to classify. Made for English.',
    engine: 'minilm-zero-shot',
    weights: ['all-minilm-l6-v2'],
    license: 'Apache-2.0',
    useCases: ['classification'],
    languages: ['en'],
  },
  {
    id: 'ner_english_v2',
    typeId: 'text-token-classifier',
    name: 'Names in English',
    description:
      'Names of people, places and organisations in English texts, by the word lists and rules of compromise; no network.',
    engine: 'entity-rules',
    weights: [],
    concepts: Object.values(ENTITY_LABELS),
    license: 'MIT',
    useCases: ['named-entities'],
    languages: ['en'],
  },
  {
    id: 'profanity-english-obscenity',
    typeId: 'text-classifier',
    name: 'Profanity (English)',
    description:
      'Whether an English text has swear words or slurs in it, disguised ones too, by the word lists and rules of obscenity; no network.',
    engine: 'profanity-rules',
    weights: [],
    concepts: Object.values(PROFANITY_LABELS),
    license: 'MIT',
    useCases: ['classification', 'moderation'],
    languages: ['en'],
  },
  {
    id: 'sentiment-english-vader',
    typeId: 'text-classifier',
    name: 'Sentiment',
    description:
      'Whether a short English text sounds negative, neutral or positive, by the word list and rules of VADER; no network.',
    engine: 'vader-sentiment',
    weights: [],
    concepts: SENTIMENT_LABELS.map(({ name }) => publicConcept(name)),
    license: 'Apache-2.0',
    useCases: ['classification'],
    languages: ['en'],
  },
  {
    id: 'text-language-identification',
    typeId: 'language-id-operator',
    name: 'Language Identification',
    description: 'Which of 60 languages a text is written in, by its letter groups (ELD).',
    engine: 'language-id-operator',
    weights: [],
    license: 'Apache-2.0',
  },
  {
    id: 'text-aggregation',
    typeId: 'text-aggregation-operator',
    name: 'Text Aggregation',
    description: 'Joins the texts of regions in reading order.',
    engine: 'text-aggregation-operator',
    weights: [],
  },
]
