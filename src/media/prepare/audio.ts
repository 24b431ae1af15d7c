import { probeAudio, tooLongAudio } from '../audio.ts'
import type { EncodedSource } from '../encoded-source.ts'
import { MAX_AUDIO_SECONDS } from '../limits.ts'
import type { Prepared } from './prepared.ts'

/** Facts of a sound; it has no sizes beside the original. */
export async function prepareAudio(source: EncodedSource, contentType: string): Promise<Prepared> {
  const { format, sampleRate, durationSeconds, bitRate } = await probeAudio(source)
  if (durationSeconds > MAX_AUDIO_SECONDS) throw tooLongAudio(MAX_AUDIO_SECONDS)
  return { facts: { kind: 'audio', audioFormat: format, sampleRate, durationSeconds, bitRate }, contentType, sizes: [] }
}
