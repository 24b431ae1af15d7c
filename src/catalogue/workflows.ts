import type { HubId } from '../weights/hub/catalogue.ts'
import { catalogueModel, hubWeights } from './index.ts'
import type { CatalogueNode, CatalogueWorkflow } from './types.ts'

const node = (id: string, model: string, ...from: string[]): CatalogueNode => ({ id, model, from })
/** A node with the version of its model that existing workflow files name. */
const pinned = (id: string, model: string, version: string, ...from: string[]): CatalogueNode => ({
  id,
  model,
  version,
  from,
})
const EMBEDS_TEXT = 'An embedding of a text'

/** The public workflows, apart from Universal and Text-Moderation, of which all parts can be served, or that say what is left out. */
export const catalogueWorkflows: readonly CatalogueWorkflow[] = [
  { id: 'Empty', description: 'No models.', nodes: [] },
  {
    id: 'General',
    description: 'Tags and an embedding of a picture; its clusters are left out, as there is no model for them.',
    nodes: [
      pinned('general-v1.5-concept', 'general-image-recognition', 'aa7f35c01e0642fda5cf400f543e7c40'),
      pinned('general-v1.5-embed', 'general-image-embedding', 'bb186755eda04f9cbb6fe32e816be104'),
    ],
  },
  {
    id: 'General-Detection',
    description: 'Boxes of everyday objects.',
    nodes: [node('detector', 'general-image-detection')],
  },
  {
    id: 'Vehicle-Detection0',
    description: 'Boxes of vehicles.',
    nodes: [node('detector', 'vehicle-detection-ssdlite')],
  },
  {
    id: 'Person-Tracking',
    description: 'Boxes of people in the frames of a video, each with an id that stays the same.',
    nodes: [node('detector', 'people-detection-yolov5'), node('tracker', 'person-byte-tracker', 'detector')],
  },
  { id: 'Visual-Segmenter', description: 'Masks of people.', nodes: [node('segmenter', 'person-segmentation-selfie')] },
  { id: 'Face', description: 'Boxes of faces.', nodes: [node('face-detector', 'face-detection')] },
  {
    id: 'Face-V4',
    description: 'Boxes of faces with an embedding of each.',
    nodes: [node('face-detector', 'face-detection-embedding')],
  },
  {
    id: 'Face-Sentiment',
    description: 'Finds faces, cuts them out and names their expression.',
    nodes: [
      pinned('face-detector', 'face-detection', '6dc7e46bc9124c5c8824be4822abe105'),
      node('image-cropper', 'margin-110-image-crop', 'face-detector'),
      node('sentiment-classifier', 'face-sentiment-recognition', 'image-cropper'),
    ],
  },
  {
    id: 'Face-Search',
    description:
      'Finds faces, cuts them out upright and describes whom they show, for search by face; clusters are left out.',
    nodes: [
      pinned('face-detector', 'face-detection', 'fe995da8cb73490f8556416ecf25cea3'),
      node('image-cropper', 'margin-100-image-crop', 'face-detector'),
      node('landmarks', 'face-landmarks', 'image-cropper'),
      node('align', 'landmarks-align', 'landmarks', 'image-cropper'),
      node('face-embed', 'face-identification-transfer-learn', 'align'),
    ],
  },
  {
    id: 'Demographics',
    description:
      'Finds faces, cuts them out and says what age and gender they appear to be of; multicultural appearance is left out, as there is no model for it.',
    nodes: [
      pinned('face-detector', 'face-detection', '45fb9a671625463fa646c3523a3087d5'),
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
    id: 'Roberta-embedder',
    description: `${EMBEDS_TEXT}, under the name of an older workflow; the network is MiniLM.`,
    nodes: [node('text-embed', 'multilingual-text-embedding')],
  },
  {
    id: 'msmarco-distilbert-text-search',
    description: `${EMBEDS_TEXT} for search, under the name of an older workflow; the network is MiniLM.`,
    nodes: [node('text-embed', 'multilingual-text-embedding')],
  },
  {
    id: 'baai-general-embedding-base-en',
    description: `${EMBEDS_TEXT}, under the name of an older workflow; the network is MiniLM.`,
    nodes: [node('text-embed', 'multilingual-text-embedding')],
  },
  {
    id: 'asr',
    description: 'Writes down what is said in English, with the time of each sentence.',
    nodes: [node('speech', 'whisper-base-en')],
  },
  {
    id: 'asr-sentiment',
    description: 'Writes down English speech and says how the words sound.',
    nodes: [
      {
        id: 'audio-speech-recognition',
        model: 'asr-wav2vec2-large-robust-ft-swbd-300h-english',
        home: { userId: 'facebook', appId: 'asr' },
      },
      {
        id: 'text-sentiment-classification',
        model: 'sentiment-analysis-twitter-roberta-base',
        home: { userId: 'erfan', appId: 'text-classification' },
        from: ['audio-speech-recognition'],
      },
    ],
  },
  {
    id: 'audio-sentiment',
    description: 'Writes down English speech and says how the words sound.',
    nodes: [node('speech', 'whisper-base-en'), node('sentiment', 'sentiment-english-vader', 'speech')],
  },
  {
    id: 'asr-summarization',
    description: 'Writes down English speech; the summary is left out, as there is no model for it.',
    nodes: [node('speech', 'whisper-base-en')],
  },
  {
    id: 'ocr-translation-english-spanish',
    description: 'Reads and joins the text in a picture; the translation is left out, as there is no model for it.',
    nodes: [node('ocr', 'ocr-scene-english-paddleocr'), node('text', 'text-aggregation', 'ocr')],
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

/** The embedders that Universal may stand on, best first; the last is always there. */
const UNIVERSAL = [
  { model: 'CLIP-ViT-L-14-DataComp-XL-s13B-b90K', what: 'An embedding of a picture or a text in one space' },
  { model: 'multimodal-clip-embed', what: 'An embedding of a picture or a text in one space' },
  { model: 'general-image-embedding', what: 'An embedding of a picture' },
] as const

/** What Text-Moderation may stand on, likewise. */
const TEXT_MODERATION = [
  {
    model: 'moderation-multilingual-text-classification',
    what: 'Whether an English text is toxic, obscene, threatening, insulting or hateful.',
  },
  {
    model: 'profanity-english-obscenity',
    what: 'Whether an English text has swear words or slurs in it, by rules; a network takes their place once toxic-bert is fetched.',
  },
] as const

/**
 * All public workflows on a machine that has some weights of the hub. Universal, which new apps are based on, takes the
 * best embedder that is there; apps that have a copy of it keep theirs, as vectors of two networks cannot be compared.
 */
export function workflowsWith(isReady: (id: HubId) => boolean): readonly CatalogueWorkflow[] {
  const isThere = (each: { readonly model: string }): boolean => hubWeights(catalogueModel(each.model)!).every(isReady)
  const { model, what } = UNIVERSAL.find(isThere)!
  const moderation = TEXT_MODERATION.find(isThere)!
  const universal = {
    id: 'Universal',
    description: `${what}, the base of search by likeness and of training by example.`,
    nodes: [node(model === 'general-image-embedding' ? 'embed' : 'clip-embed', model)],
  }
  const textModeration = {
    id: 'Text-Moderation',
    description: moderation.what,
    nodes: [node('text-classifier', moderation.model)],
  }
  return [...catalogueWorkflows, textModeration, universal]
}
