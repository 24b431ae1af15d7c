/** Weights for whole pictures: objects, embedding, moderation. */
import type { Catalogue } from '../manifest-types.ts'
import { COCO_SSD, NSFWJS, QVAC_CLASSIFICATION } from './packages.ts'

/** The licence of the weights is known from their authors; the package does not repeat it. */
const FROM_AUTHORS = 'as published by the authors, not repeated in the package'

/** The package itself states the licence of the weights. */
const IN_PACKAGE = 'stated in the package'

export const imageWeights = {
  'coco-ssd': {
    title: 'SSDLite MobileNetV2, objects of COCO',
    package: COCO_SSD,
    files: [
      {
        path: 'models/coco-ssd/model.json',
        bytes: 527_315,
        sha256: '3770b2528339b1e3340cb74360e1e40401816b009779aeb8d0cce3a4353ea3a9',
      },
      {
        path: 'models/coco-ssd/group1-shard1of5',
        bytes: 4_194_304,
        sha256: '0e7af0f713e98521252321f7f84892c31cefccccec3ac64c84e5065b75ed5646',
      },
      {
        path: 'models/coco-ssd/group1-shard2of5',
        bytes: 4_194_304,
        sha256: '74cc6cfc2c4510c9cd81b8ad4cebf6f6a8f305119bb365ce0eb96276da38519a',
      },
      {
        path: 'models/coco-ssd/group1-shard3of5',
        bytes: 4_194_304,
        sha256: '50383033f893eae136392a403e8f70ade5efd90867df5695c4ca5ac640e14f38',
      },
      {
        path: 'models/coco-ssd/group1-shard4of5',
        bytes: 4_194_304,
        sha256: 'd856dc534c780068bbf6c666ce1516df2c8433d87578aa31fcdf197de7058cc2',
      },
      {
        path: 'models/coco-ssd/group1-shard5of5',
        bytes: 1_257_312,
        sha256: '3d356f1fb6dfca6af78c56db34d9326706d0196e303f9de6b04f236ca79ed309',
      },
    ],
    conversion: {
      kind: 'tfjs-graph',
      model: 'models/coco-ssd/model.json',
      weights: [1, 2, 3, 4, 5].map((shard) => `models/coco-ssd/group1-shard${shard}of5`),
      cut: {
        // Behind the pre-processing, whose resize loop has no counterpart and is done by the caller.
        inputs: [{ tensor: 'Preprocessor/sub', as: 'input', shape: [1, 300, 300, 3], layout: 'NCHW' }],
        outputs: [
          { tensor: 'Postprocessor/ExpandDims_1', as: 'boxes' },
          { tensor: 'Postprocessor/Slice', as: 'scores' },
          { tensor: 'FeatureExtractor/MobilenetV2/Conv_1/Relu6', as: 'embedding', globalAverage: true },
        ],
      },
    },
    outputs: {
      model: {
        file: 'coco-ssd.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 3, 300, 300],
            meaning: 'RGB channels first, value/127.5-1, stretched to 300x300',
          },
        ],
        outputs: [
          {
            name: 'boxes',
            dtype: 'float32',
            shape: [1, 1917, 1, 4],
            meaning: 'ymin, xmin, ymax, xmax as fractions of the image, decoded, not clipped',
          },
          {
            name: 'scores',
            dtype: 'float32',
            shape: [1, 1917, 90],
            meaning: 'probability of class k, which is COCO category id k+1 (ids have gaps)',
          },
          {
            name: 'embedding',
            dtype: 'float32',
            shape: [1, 1280],
            meaning: 'averaged last feature map of the backbone, not normalised',
          },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance:
      'SSDLite MobileNetV2 from the TensorFlow object detection model zoo, trained on COCO 2017, in the TensorFlow.js ' +
      'form of @tensorflow-models/coco-ssd, as packed into a Node-RED node by a third party.',
    diskBytes: 18_200_000,
  },
  'mobilenet-v3-small': {
    title: 'MobileNetV3-Small, image embedding',
    package: QVAC_CLASSIFICATION,
    files: [
      {
        path: 'weights/mobilenetv3_3class_v3_fp16.gguf',
        bytes: 3_084_800,
        sha256: 'faaa680c62f989d642032114c8892e9f43e9f2487ff7a350941715c7de9ffb6c',
      },
    ],
    conversion: { kind: 'mobilenet-v3-small', gguf: 'weights/mobilenetv3_3class_v3_fp16.gguf', revision: 2 },
    outputs: {
      model: {
        file: 'mobilenet-v3-small.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: ['batch', 3, 224, 224],
            meaning: 'RGB channels first, 0..255 (normalisation is in the graph), stretched to 224x224',
          },
        ],
        outputs: [
          {
            name: 'embedding',
            dtype: 'float32',
            shape: ['batch', 576],
            meaning: 'averaged last feature map, not normalised',
          },
          { name: 'probs', dtype: 'float32', shape: ['batch', 3], meaning: 'probabilities of food, report, other' },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0 AND BSD-3-Clause', basis: IN_PACKAGE, file: 'NOTICE' },
    provenance:
      'The ImageNet-trained MobileNetV3-Small of torchvision (BSD-3-Clause), fine-tuned by Tether on three classes and ' +
      'published in @qvac/classification-ggml.',
    diskBytes: 6_200_000,
  },
  'nsfw-mobilenet-v2': {
    title: 'NSFWJS MobileNetV2, image moderation',
    package: NSFWJS,
    files: [
      {
        path: 'dist/models/mobilenet_v2/model.min.js',
        bytes: 106_679,
        sha256: 'c32f104fd562b08cdff5ed69dfe1209643afa47e792fb12751d2949aa61a397a',
      },
      {
        path: 'dist/models/mobilenet_v2/group1-shard1of1.min.js',
        bytes: 3_493_394,
        sha256: 'ef2e0a63f7d2c4960b37b024b669313f65d3c45cd59e9042636c55b39de53517',
      },
    ],
    conversion: {
      kind: 'keras-js',
      model: 'dist/models/mobilenet_v2/model.min.js',
      weights: ['dist/models/mobilenet_v2/group1-shard1of1.min.js'],
      cut: { input: { as: 'input', layout: 'NCHW' }, outputs: [{ as: 'probs' }] },
    },
    outputs: {
      model: {
        file: 'nsfw-mobilenet-v2.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 3, 224, 224],
            meaning: 'RGB channels first, value/255, stretched to 224x224',
          },
        ],
        outputs: [
          {
            name: 'probs',
            dtype: 'float32',
            shape: [1, 5],
            meaning: 'probabilities of Drawing, Hentai, Neutral, Porn, Sexy',
          },
        ],
      },
    },
    modelLicense: { id: 'MIT', basis: IN_PACKAGE, file: 'README.md' },
    provenance: 'MobileNetV2 fine-tuned on pictures of five kinds, published with NSFWJS by Infinite Red.',
    diskBytes: 10_400_000,
  },
} as const satisfies Catalogue
