/**
 * The models that may be fetched from the hub. No hub can be reached where this program is made, so digests are given
 * only where a publisher states them; all others are recorded on the first download (docs/decisions).
 */
import type { ModelLicense } from '../manifest-types.ts'
import type { HubCatalogue, HubFile } from './types.ts'

const MB = 1_000_000
const MAIN = 'main'

/** The licence as the authors of the model give it; to be looked up again in the repository before it matters. */
const license = (id: string): ModelLicense => ({
  id,
  basis: 'as published by the authors, not repeated in the package',
})

/** Tokenizer files as the repositories of ONNX models carry them. */
const TOKENIZER: Readonly<Record<'tokenizer' | 'tokenizerConfig', HubFile>> = {
  tokenizer: { path: 'tokenizer.json' },
  tokenizerConfig: { path: 'tokenizer_config.json' },
}

const ggml = (size: string, title: string, aboutBytes: number) => ({
  title: `Whisper ${title}, speech to text in 99 languages`,
  repository: 'ggerganov/whisper.cpp',
  revision: MAIN,
  files: { ggml: { path: `ggml-${size}.bin` } },
  conversion: {
    kind: 'ggml-whisper' as const,
    ggml: 'ggml',
    outputs: {
      encoder: { file: 'encoder.onnx' },
      decoder: { file: 'decoder.onnx' },
      vocabulary: { file: 'vocabulary.json' },
    },
  },
  modelLicense: license('MIT'),
  provenance: `Whisper ${title} (multilingual) of OpenAI in the 16-bit ggml form of whisper.cpp.`,
  aboutBytes,
})

export const hubCatalogue = {
  'clip-vit-base-patch32': {
    title: 'CLIP ViT-B/32, pictures and texts as vectors of one space',
    repository: 'Xenova/clip-vit-base-patch32',
    revision: MAIN,
    files: {
      vision: { path: 'onnx/vision_model_quantized.onnx' },
      text: { path: 'onnx/text_model_quantized.onnx' },
      ...TOKENIZER,
    },
    modelLicense: license('MIT'),
    provenance: 'CLIP ViT-B/32 of OpenAI as 8-bit ONNX files.',
    aboutBytes: 155 * MB,
  },
  'clip-vit-large-patch14': {
    title: 'CLIP ViT-L/14, pictures and texts as vectors of one space, larger',
    repository: 'Xenova/clip-vit-large-patch14',
    revision: MAIN,
    files: {
      vision: { path: 'onnx/vision_model_quantized.onnx' },
      text: { path: 'onnx/text_model_quantized.onnx' },
      ...TOKENIZER,
    },
    modelLicense: license('MIT'),
    provenance: 'CLIP ViT-L/14 of OpenAI as 8-bit ONNX files.',
    aboutBytes: 430 * MB,
  },
  'multilingual-e5-small': {
    title: 'Multilingual E5 small, sentence embedding in 100 languages',
    repository: 'Xenova/multilingual-e5-small',
    revision: MAIN,
    files: { model: { path: 'onnx/model_quantized.onnx' }, ...TOKENIZER },
    modelLicense: license('MIT'),
    provenance: 'multilingual-e5-small of Microsoft (intfloat) as an 8-bit ONNX file.',
    aboutBytes: 135 * MB,
  },
  'bge-small-en-v1-5': {
    title: 'BGE small v1.5, sentence embedding (English)',
    repository: 'Xenova/bge-small-en-v1.5',
    revision: MAIN,
    files: { model: { path: 'onnx/model_quantized.onnx' }, ...TOKENIZER },
    modelLicense: license('MIT'),
    provenance: 'bge-small-en-v1.5 of the Beijing Academy of Artificial Intelligence as an 8-bit ONNX file.',
    aboutBytes: 35 * MB,
  },
  'toxic-bert': {
    title: 'Toxic BERT, six kinds of toxic texts (English)',
    repository: 'Xenova/toxic-bert',
    revision: MAIN,
    files: { model: { path: 'onnx/model_quantized.onnx' }, config: { path: 'config.json' }, ...TOKENIZER },
    modelLicense: license('Apache-2.0'),
    provenance: 'toxic-bert of Unitary (Detoxify), trained on the Jigsaw comments, as an 8-bit ONNX file.',
    aboutBytes: 111 * MB,
  },
  'distilbert-sst2': {
    title: 'DistilBERT SST-2, negative or positive (English)',
    repository: 'Xenova/distilbert-base-uncased-finetuned-sst-2-english',
    revision: MAIN,
    files: { model: { path: 'onnx/model_quantized.onnx' }, config: { path: 'config.json' }, ...TOKENIZER },
    modelLicense: license('Apache-2.0'),
    provenance: 'DistilBERT trained on film reviews (SST-2) as an 8-bit ONNX file.',
    aboutBytes: 68 * MB,
  },
  'vit-base-patch16-224': {
    title: 'ViT-B/16, the 1000 classes of ImageNet',
    repository: 'Xenova/vit-base-patch16-224',
    revision: MAIN,
    files: { model: { path: 'onnx/model_quantized.onnx' }, config: { path: 'config.json' } },
    modelLicense: license('Apache-2.0'),
    provenance: 'ViT-B/16 of Google, trained on ImageNet-21k and ImageNet, as an 8-bit ONNX file.',
    aboutBytes: 89 * MB,
  },
  'rtdetr-r18': {
    title: 'RT-DETR R18, detection of the 80 classes of COCO at 640 pixels',
    repository: 'onnx-community/rtdetr_r18vd',
    revision: MAIN,
    files: { model: { path: 'onnx/model.onnx' }, config: { path: 'config.json' } },
    modelLicense: license('Apache-2.0'),
    provenance: 'RT-DETR with a ResNet-18 of Baidu, trained on COCO, as an ONNX file.',
    aboutBytes: 83 * MB,
  },
  'yolox-s': {
    title: 'YOLOX-S, detection of the 80 classes of COCO at 640 pixels',
    repository: 'opencv/object_detection_yolox',
    revision: MAIN,
    files: {
      model: {
        path: 'object_detection_yolox_2022nov.onnx',
        // As the pointer in the repository of its publisher (opencv_zoo) states them.
        sha256: 'c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063',
        bytes: 35_858_002,
      },
    },
    modelLicense: license('Apache-2.0'),
    provenance: 'YOLOX-S of Megvii, trained on COCO, in the ONNX form of the OpenCV model zoo.',
    aboutBytes: 36 * MB,
  },
  'birefnet-lite': {
    title: 'BiRefNet lite, the main thing in a picture',
    repository: 'onnx-community/BiRefNet_lite-ONNX',
    revision: MAIN,
    files: { model: { path: 'onnx/model.onnx' } },
    modelLicense: license('MIT'),
    provenance: 'BiRefNet (lite) of Peng Zheng and others as an ONNX file.',
    aboutBytes: 225 * MB,
  },
  'whisper-tiny': ggml('tiny', 'tiny', 78 * MB),
  'whisper-base': ggml('base', 'base', 148 * MB),
  'whisper-small': ggml('small', 'small', 488 * MB),
  'qwen2-5-0-5b-instruct': {
    title: 'Qwen2.5 0.5B Instruct, a small language model',
    repository: 'onnx-community/Qwen2.5-0.5B-Instruct',
    revision: MAIN,
    files: { model: { path: 'onnx/model_quantized.onnx' }, config: { path: 'config.json' }, ...TOKENIZER },
    modelLicense: license('Apache-2.0'),
    provenance: 'Qwen2.5-0.5B-Instruct of Alibaba as an 8-bit ONNX file.',
    aboutBytes: 510 * MB,
  },
  'smollm2-360m-instruct': {
    title: 'SmolLM2 360M Instruct, a small language model',
    repository: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    revision: MAIN,
    files: { model: { path: 'onnx/model_quantized.onnx' }, config: { path: 'config.json' }, ...TOKENIZER },
    modelLicense: license('Apache-2.0'),
    provenance: 'SmolLM2-360M-Instruct of Hugging Face as an 8-bit ONNX file.',
    aboutBytes: 370 * MB,
  },
} as const satisfies HubCatalogue

/** The id of a model that may be fetched from the hub. */
export type HubId = keyof typeof hubCatalogue

/** All ids in the order of the list. */
export const hubIds = Object.keys(hubCatalogue) as HubId[]

/** Whether a string names a model of the hub. */
export const isHubId = (id: string): id is HubId => Object.hasOwn(hubCatalogue, id)
