/**
 * English voices of Kokoro: a or b for American or British English, f or m for how the voice sounds, then its name. The
 * pronunciation is American for all of them.
 */
export const VOICES = [
  'af_heart',
  'af_bella',
  'af_nicole',
  'af_sarah',
  'af_alloy',
  'af_aoede',
  'af_jessica',
  'af_kore',
  'af_nova',
  'af_river',
  'af_sky',
  'am_michael',
  'am_fenrir',
  'am_puck',
  'am_adam',
  'am_echo',
  'am_eric',
  'am_liam',
  'am_onyx',
  'am_santa',
  'bf_emma',
  'bf_isabella',
  'bf_alice',
  'bf_lily',
  'bm_george',
  'bm_fable',
  'bm_daniel',
  'bm_lewis',
] as const

/** The name of a voice. */
export type Voice = (typeof VOICES)[number]

/** Names that programs written for OpenAI say, and the voice that is nearest to each. */
export const OTHER_NAMES: Readonly<Record<string, Voice>> = {
  alloy: 'af_alloy',
  ash: 'am_michael',
  coral: 'af_bella',
  echo: 'am_echo',
  fable: 'bm_fable',
  nova: 'af_nova',
  onyx: 'am_onyx',
  sage: 'af_sarah',
  shimmer: 'af_sky',
}
