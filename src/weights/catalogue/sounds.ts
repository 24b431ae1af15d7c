/** Weights that describe sound. */
import type { Catalogue } from '../manifest-types.ts'
import { OPENWAKEWORD } from './packages.ts'

/** The licence of the weights is known from their authors; the package does not repeat it. */
const FROM_AUTHORS = 'as published by the authors, not repeated in the package'

export const soundWeights = {
  'speech-embedding': {
    title: 'Google speech embedding, 96 numbers for 0.76 s of sound',
    package: OPENWAKEWORD,
    // The wake words in the same package may not be used commercially and are left there.
    files: [
      {
        path: 'models/melspectrogram.onnx',
        bytes: 1_087_958,
        sha256: 'ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f',
      },
      {
        path: 'models/embedding_model.onnx',
        bytes: 1_326_578,
        sha256: '70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f',
      },
    ],
    conversion: {
      kind: 'copy',
      files: { mel: 'models/melspectrogram.onnx', model: 'models/embedding_model.onnx' },
    },
    outputs: {
      mel: {
        file: 'melspectrogram.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: ['batch_size', 'samples'],
            meaning: 'samples in the range of 16-bit integers',
          },
        ],
        outputs: [
          {
            name: 'output',
            dtype: 'float32',
            shape: ['time', 1, 'frames', 32],
            meaning: 'loudness of 32 bands each 10 ms; value/10+2 goes on',
          },
        ],
      },
      model: {
        file: 'speech-embedding.onnx',
        inputs: [{ name: 'input_1', dtype: 'float32', shape: ['windows', 76, 32, 1], meaning: '76 frames of mel' }],
        outputs: [
          { name: 'conv2d_19', dtype: 'float32', shape: ['windows', 1, 1, 96], meaning: 'the vector of each window' },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance:
      'The speech_embedding network of Google (TensorFlow Hub) in the ONNX form of openWakeWord, as packed for browsers by a third party.',
    diskBytes: 2_420_000,
  },
} as const satisfies Catalogue
