import { COCO_CONCEPTS, publicConcept } from './concepts.ts'
import type { CatalogueModel } from './types.ts'

const NO_WEIGHTS = 'No openly licensed weights for this model can be fetched from the npm registry'

/** Models that look at whole pictures. */
export const visionModels: readonly CatalogueModel[] = [
  {
    id: 'general-image-recognition',
    versions: ['aa7f35c01e0642fda5cf400f543e7c40', 'aa9ca48295b37401f8af92ad1af0d91d'],
    typeId: 'visual-classifier',
    name: 'Image Recognition',
    description:
      'Tags for the 80 everyday classes of COCO, from an SSDLite MobileNetV2 detector (best score of each class anywhere in the picture).',
    engine: 'coco-tags',
    weights: ['coco-ssd'],
    concepts: COCO_CONCEPTS,
    license: 'Apache-2.0',
    useCases: ['classification'],
  },
  {
    id: 'general-image-detection',
    typeId: 'visual-detector',
    name: 'General Image Detection',
    description: 'Boxes for the 80 everyday classes of COCO, from an SSDLite MobileNetV2 detector.',
    engine: 'coco-ssd',
    weights: ['coco-ssd'],
    concepts: COCO_CONCEPTS,
    license: 'Apache-2.0',
    useCases: ['detection'],
  },
  {
    id: 'general-image-embedding',
    versions: ['bb186755eda04f9cbb6fe32e816be104'],
    typeId: 'visual-embedder',
    name: 'General Image Embedding',
    description:
      '576 numbers that describe a picture, from a MobileNetV3-Small; made for search by likeness and for training by example.',
    engine: 'mobilenet-v3-embed',
    weights: ['mobilenet-v3-small'],
    license: 'BSD-3-Clause',
    useCases: ['embedding'],
  },
  {
    id: 'nsfw-recognition',
    typeId: 'visual-classifier',
    name: 'NSFW Recognition',
    description:
      'Whether a picture is safe for work, from the NSFWJS MobileNetV2; it errs towards unsafe on pictures of people.',
    engine: 'nsfw',
    weights: ['nsfw-mobilenet-v2'],
    concepts: [publicConcept('sfw'), publicConcept('nsfw')],
    license: 'MIT',
    useCases: ['classification', 'moderation'],
  },
  {
    id: 'color-recognition',
    versions: ['b31bf8b3e8ba4af48ef7b67b6a1873d6'],
    typeId: 'image-color-recognizer',
    name: 'Color Recognition',
    description: 'The dominant colours of a picture with the nearest W3C colour names, by clustering its pixels.',
    engine: 'colors',
    weights: [],
    useCases: ['colors'],
  },
  {
    id: 'ocr-scene-english-paddleocr',
    typeId: 'optical-character-recognizer',
    name: 'Text in pictures',
    description: 'Reads printed Latin and Chinese text in pictures: lines with their boxes, by PP-OCRv4.',
    engine: 'paddle-ocr',
    weights: ['pp-ocrv4'],
    license: 'Apache-2.0',
    useCases: ['ocr'],
  },
  {
    id: 'language-aware-multilingual-ocr-multiplex',
    typeId: 'optical-character-recognizer',
    name: 'Language-aware OCR',
    description: 'Reads printed Latin and Chinese text in pictures by PP-OCRv4; other scripts are not recognised.',
    engine: 'paddle-ocr',
    weights: ['pp-ocrv4'],
    license: 'Apache-2.0',
    useCases: ['ocr'],
  },
  {
    id: 'moderation-recognition',
    versions: ['aa8be956dbaa4b7a858826a84253cab9', '7cde8e92896340b0998b8260d47f1502'],
    typeId: 'visual-classifier',
    name: 'Moderation Recognition',
    description:
      'Safe, suggestive and explicit pictures, from the NSFWJS MobileNetV2; drugs and gore are not recognised, as the network never learnt them.',
    engine: 'nsfw-moderation',
    weights: ['nsfw-mobilenet-v2'],
    concepts: [publicConcept('safe'), publicConcept('suggestive'), publicConcept('explicit')],
    license: 'MIT',
    useCases: ['classification', 'moderation'],
  },
  {
    id: 'food-item-recognition',
    versions: ['dfebc169854e429086aceb8368662641'],
    typeId: 'visual-classifier',
    name: 'Food Recognition',
    description: 'More than 500 kinds of food.',
    engine: undefined,
    unavailable: `${NO_WEIGHTS}; train your own from examples on general-image-embedding.`,
    weights: [],
  },
]
