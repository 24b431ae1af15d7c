import type { CatalogueWorkflow } from './types.ts'

const node = (id: string, model: string, ...from: string[]) => ({ id, model, from })

/** The public workflows whose models can be served. */
export const catalogueWorkflows: readonly CatalogueWorkflow[] = [
  { id: 'Empty', description: 'No models.', nodes: [] },
  {
    id: 'General',
    description: 'Tags and an embedding of a picture.',
    nodes: [node('general-concept', 'general-image-recognition'), node('general-embed', 'general-image-embedding')],
  },
  {
    id: 'Universal',
    description: 'An embedding of a picture, the base of search by likeness and of training by example.',
    nodes: [node('embed', 'general-image-embedding')],
  },
  {
    id: 'General-Detection',
    description: 'Boxes of everyday objects.',
    nodes: [node('detector', 'general-image-detection')],
  },
  { id: 'Face', description: 'Boxes of faces.', nodes: [node('face-detector', 'face-detection')] },
  {
    id: 'Face-Sentiment',
    description: 'Finds faces, cuts them out and names their expression.',
    nodes: [
      node('face-detector', 'face-detection'),
      node('image-cropper', 'margin-110-image-crop', 'face-detector'),
      node('sentiment-classifier', 'face-sentiment-recognition', 'image-cropper'),
    ],
  },
  {
    id: 'Face-Search',
    description: 'Finds faces, cuts them out upright and describes whom they show, for search by face.',
    nodes: [
      node('face-detector', 'face-detection'),
      node('image-cropper', 'margin-100-image-crop', 'face-detector'),
      node('landmarks', 'face-landmarks', 'image-cropper'),
      node('align', 'landmarks-align', 'landmarks', 'image-cropper'),
      node('face-embed', 'face-identification-transfer-learn', 'align'),
    ],
  },
  {
    id: 'Demographics',
    description: 'Finds faces, cuts them out and says what age and gender they appear to be of.',
    nodes: [
      node('face-detector', 'face-detection'),
      node('image-cropper', 'margin-110-image-crop', 'face-detector'),
      node('gender', 'gender-demographics-recognition', 'image-cropper'),
      node('age', 'age-demographics-recognition', 'image-cropper'),
    ],
  },
  {
    id: 'NSFW',
    description: 'Whether a picture is safe for work.',
    nodes: [node('nsfw', 'nsfw-recognition')],
  },
  {
    id: 'Moderation',
    description: 'Safe, suggestive or explicit.',
    nodes: [node('moderation', 'moderation-recognition')],
  },
  { id: 'Text', description: 'An embedding of a text.', nodes: [node('text-embed', 'multilingual-text-embedding')] },
  {
    id: 'Language-Understanding',
    description: 'An embedding of a text, under the name that older clients base their apps on.',
    nodes: [node('text-embed', 'multilingual-text-embedding')],
  },
  {
    id: 'asr',
    description: 'Writes down what is said in English, with the time of each sentence.',
    nodes: [node('speech', 'whisper-base-en')],
  },
  {
    id: 'language-aware-OCR',
    description: 'Reads the text in a picture, joins it and names its language.',
    nodes: [
      node('ocr', 'language-aware-multilingual-ocr-multiplex'),
      node('text', 'text-aggregation', 'ocr'),
      node('language', 'text-language-identification', 'text'),
    ],
  },
]
