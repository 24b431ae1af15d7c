import { publicConcept } from './concepts.ts'
import type { CatalogueModel } from './types.ts'

/** Models that listen or speak. */
export const speechModels: readonly CatalogueModel[] = [
  {
    id: 'text-to-speech-kokoro',
    typeId: 'text-to-audio',
    name: 'Text to Speech, Kokoro',
    description:
      'Speaks English texts of up to 3000 characters as WAV, by Kokoro 82M. The parameter voice is one of 28 voices (af_heart, am_michael, bf_emma, bm_george ...; docs/models.md), speed 0.5 to 2.',
    engine: 'kokoro',
    weights: ['kokoro-82m', 'kokoro-voices', 'cmudict'],
    license: 'Apache-2.0',
    useCases: ['text-to-speech'],
    languages: ['en'],
  },
  {
    id: 'whisper-base-en',
    typeId: 'audio-to-text',
    name: 'Whisper Base (English)',
    description:
      'Writes down English speech with the time of each sentence, by Whisper base.en; pauses are found by Silero VAD, so that long recordings work and silence gives no text.',
    engine: 'whisper',
    weights: ['whisper-base-en', 'silero-vad'],
    license: 'MIT',
    useCases: ['speech-recognition'],
    languages: ['en'],
  },
  {
    id: 'speech-detection-silero',
    typeId: 'audio-classifier',
    name: 'Speech Detection',
    description: 'Whether, when and for what share of the time somebody speaks in a recording, by Silero VAD.',
    engine: 'speech-share',
    weights: ['silero-vad'],
    concepts: [publicConcept('speech'), publicConcept('no speech')],
    license: 'MIT',
    useCases: ['classification'],
  },
  {
    id: 'speech-embedding-google',
    typeId: 'audio-embedder',
    name: 'Sound Embedding',
    description:
      '192 numbers that describe how a recording sounds, by the speech embedding of Google (means and deviations over time).',
    engine: 'speech-embed',
    weights: ['speech-embedding'],
    license: 'Apache-2.0',
    useCases: ['embedding'],
  },
]
