import type { CatalogueModel } from './types.ts'

/** Models that listen. */
export const speechModels: readonly CatalogueModel[] = [
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
]
