/** Weights for faces. */
import type { Catalogue } from '../manifest-types.ts'
import { HUMAN } from './packages.ts'

/** The licence of the weights is known from their authors; the package does not repeat it. */
const FROM_AUTHORS = 'as published by the authors, not repeated in the package'

export const faceWeights = {
  blazeface: {
    title: 'BlazeFace, face boxes and six points',
    package: HUMAN,
    files: [
      {
        path: 'models/blazeface.json',
        bytes: 79_038,
        sha256: 'cd7bbfc078270572beb39f9e5ae67aadbd50b5e67cff37e6d4f6b3ea39312e5f',
      },
      {
        path: 'models/blazeface.bin',
        bytes: 538_928,
        sha256: 'dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/blazeface.json',
      weights: ['models/blazeface.bin'],
      cut: {
        inputs: [{ tensor: 'input', as: 'input', shape: [1, 256, 256, 3] }],
        outputs: [
          { tensor: 'Identity', as: 'scores_16' },
          { tensor: 'Identity_2', as: 'points_16' },
          { tensor: 'Identity_1', as: 'scores_32' },
          { tensor: 'Identity_3', as: 'points_32' },
        ],
      },
    },
    outputs: {
      model: {
        file: 'blazeface.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 256, 256, 3],
            meaning: 'RGB channels last, value/127.5-0.5, letterboxed with black to a square',
          },
        ],
        outputs: [
          {
            name: 'scores_16',
            dtype: 'float32',
            shape: [1, 512, 1],
            meaning: 'logit per anchor of stride 16 (row by row, 2 per cell, centre (i+0.5)*16 pixels)',
          },
          {
            name: 'points_16',
            dtype: 'float32',
            shape: [1, 512, 16],
            meaning:
              'pixels: centre x, y relative to the anchor, width, height, then x, y relative to the anchor of right eye, ' +
              'left eye, nose, mouth, right ear, left ear',
          },
          {
            name: 'scores_32',
            dtype: 'float32',
            shape: [1, 384, 1],
            meaning: 'as scores_16 for stride 32 (6 per cell)',
          },
          { name: 'points_32', dtype: 'float32', shape: [1, 384, 16], meaning: 'as points_16 for stride 32' },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'The full-range BlazeFace of Google MediaPipe, converted to TensorFlow.js by the author of Human.',
    diskBytes: 600_000,
  },
  facemesh: {
    title: 'Face mesh, 468 face landmarks',
    package: HUMAN,
    files: [
      {
        path: 'models/facemesh.json',
        bytes: 95_845,
        sha256: 'b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7',
      },
      {
        path: 'models/facemesh.bin',
        bytes: 1_477_958,
        sha256: '3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/facemesh.json',
      weights: ['models/facemesh.bin'],
      cut: {
        inputs: [{ tensor: 'input_1', as: 'input', shape: [1, 192, 192, 3] }],
        outputs: [
          { tensor: 'Identity_2', as: 'landmarks' },
          { tensor: 'Identity_1', as: 'face_flag' },
        ],
      },
    },
    outputs: {
      model: {
        file: 'facemesh.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 192, 192, 3],
            meaning: 'RGB channels last, value/255, square crop of 1.5 times the face box',
          },
        ],
        outputs: [
          { name: 'landmarks', dtype: 'float32', shape: [1, 1404], meaning: '468 times x, y, z in pixels of the crop' },
          { name: 'face_flag', dtype: 'float32', shape: [1, 1], meaning: 'probability that the crop shows a face' },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'The face mesh of Google MediaPipe, converted to TensorFlow.js by the author of Human.',
    diskBytes: 2_500_000,
  },
  faceres: {
    title: 'FaceRes, face embedding, age and gender appearance',
    package: HUMAN,
    files: [
      {
        path: 'models/faceres.json',
        bytes: 71_432,
        sha256: '5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df',
      },
      {
        path: 'models/faceres.bin',
        bytes: 6_978_814,
        sha256: '2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/faceres.json',
      weights: ['models/faceres.bin'],
      cut: {
        inputs: [{ tensor: 'input_1', as: 'input', shape: [1, 224, 224, 3] }],
        outputs: [
          { tensor: 'global_pooling/Mean', as: 'embedding' },
          { tensor: 'gender_pred/Sigmoid', as: 'gender' },
          { tensor: 'age_pred/Softmax', as: 'age' },
        ],
      },
    },
    outputs: {
      model: {
        file: 'faceres.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 224, 224, 3],
            meaning: 'RGB channels last, 0..255, square crop of 1.4 times the face box with level eyes',
          },
        ],
        outputs: [
          {
            name: 'embedding',
            dtype: 'float32',
            shape: [1, 1024],
            meaning: 'averaged last feature map, not normalised; compare by cosine',
          },
          { name: 'gender', dtype: 'float32', shape: [1, 1], meaning: '0 feminine to 1 masculine appearance' },
          { name: 'age', dtype: 'float32', shape: [1, 100], meaning: 'probabilities of the ages 0 to 99 years' },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'HSE-FaceRes by A. Savchenko (HSE), converted to TensorFlow.js by the author of Human.',
    diskBytes: 14_000_000,
  },
  emotion: {
    title: 'Facial expression, seven kinds',
    package: HUMAN,
    files: [
      {
        path: 'models/emotion.json',
        bytes: 17_980,
        sha256: '56f7e557eb0c863a8b9ab04ac7ccba756e93bf2c27dce135ef0e8712b80b7ad2',
      },
      {
        path: 'models/emotion.bin',
        bytes: 820_516,
        sha256: '927ac8224f356ab1e68c2bcfbfa07b0c8567047d1bcf817388ba6e38214c4987',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/emotion.json',
      weights: ['models/emotion.bin'],
      cut: {
        inputs: [{ tensor: 'input_1', as: 'input', shape: [1, 64, 64, 1] }],
        outputs: [{ tensor: 'Identity', as: 'probs' }],
      },
    },
    outputs: {
      model: {
        file: 'emotion.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 64, 64, 1],
            meaning: 'grey (0.2989 R + 0.587 G + 0.114 B), value/127.5-1, square crop of 1.2 times the face box',
          },
        ],
        outputs: [
          {
            name: 'probs',
            dtype: 'float32',
            shape: [1, 7],
            meaning: 'probabilities of angry, disgust, fear, happy, sad, surprise, neutral',
          },
        ],
      },
    },
    modelLicense: { id: 'MIT', basis: FROM_AUTHORS },
    provenance: 'The mini-Xception expression network by O. Arriaga (FER-2013), in the TensorFlow.js form of Human.',
    diskBytes: 850_000,
  },
} as const satisfies Catalogue
