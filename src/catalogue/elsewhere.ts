import { SENTIMENT_LABELS } from '../engines/sentiment/labels.ts'
import { COCO_CONCEPTS, publicConcept } from './concepts.ts'
import type { CatalogueHome, CatalogueModel } from './types.ts'

/** Models of other owners that existing programs name: what kinds of them can be served, and by what. */
type Served = Omit<CatalogueModel, 'id' | 'home' | 'name' | 'description'>

const COCO_DETECTOR: Served = {
  typeId: 'visual-detector',
  engine: 'coco-ssd',
  weights: ['coco-ssd'],
  concepts: COCO_CONCEPTS,
  license: 'Apache-2.0',
  useCases: ['detection'],
}
const FACE_DETECTOR: Served = {
  typeId: 'visual-detector',
  engine: 'face-detector',
  weights: ['blazeface'],
  concepts: [publicConcept('face')],
  license: 'Apache-2.0',
  useCases: ['detection', 'faces'],
}
const SPEECH: Served = {
  typeId: 'audio-to-text',
  engine: 'whisper',
  weights: ['whisper-base-en', 'silero-vad'],
  license: 'MIT',
  useCases: ['speech-recognition'],
  languages: ['en'],
}
const SENTIMENT: Served = {
  typeId: 'text-classifier',
  engine: 'vader-sentiment',
  weights: [],
  // Under the ids that the original gives its three answers.
  concepts: SENTIMENT_LABELS.map(({ name }, at) => ({ id: `LABEL_${at}`, name })),
  license: 'Apache-2.0',
  useCases: ['classification'],
  languages: ['en'],
}
const SPEAKING: Served = {
  typeId: 'text-to-audio',
  engine: 'kokoro',
  weights: ['kokoro-82m', 'kokoro-voices', 'cmudict'],
  license: 'Apache-2.0',
  useCases: ['text-to-speech'],
  languages: ['en'],
}
const ENLARGING: Served = {
  typeId: 'image-to-image',
  engine: 'esrgan-slim',
  weights: ['esrgan-slim-2x'],
  license: 'MIT',
  useCases: ['enhancement'],
}
const HOSTED =
  'These weights are not public or far too large for this program; connect a server that has such a model under an id of your own (docs/remote-runtimes.md).'
const unserved = (typeId: string, unavailable = HOSTED): Served => ({
  typeId,
  engine: undefined,
  unavailable,
  weights: [],
})

const at = (place: string): CatalogueHome => {
  const [userId, appId] = place.split('/')
  return { userId: userId!, appId: appId! }
}

/** The models of one place that are served alike; the description says so, as names promise otherwise. */
function named(place: string, ids: readonly string[], served: Served, description: string): CatalogueModel[] {
  return ids.map((id) => ({ ...served, id, home: at(place), name: id, description }))
}

const BY_COCO_SSD =
  'Boxes for the 80 classes of COCO. Served under this id by the SSDLite MobileNetV2 detector of general-image-detection, which is smaller and weaker.'
const BY_WHISPER_BASE =
  'Writes down English speech. Served under this id by Whisper base.en, with punctuation; other languages are not understood.'

/** Models under the ids of other owners, so that workflows and programs that name them run, or learn what to do. */
export const elsewhereModels: readonly CatalogueModel[] = [
  ...named('wongkinyiu/yolov7', ['yolov7', 'yolov7-e6', 'yolov7-x'], COCO_DETECTOR, BY_COCO_SSD),
  ...named('meituan/yolov6', ['yolov6s-coco', 'yolov6n-coco'], COCO_DETECTOR, BY_COCO_SSD),
  ...named(
    'paddlepaddle/face',
    ['general-image-detector-blazeface_ssh-widerface'],
    FACE_DETECTOR,
    'Boxes of faces. Served under this id by the BlazeFace of face-detection.',
  ),
  ...named(
    'facebook/asr',
    ['asr-wav2vec2-base-960h-english', 'asr-wav2vec2-large-robust-ft-swbd-300h-english'],
    SPEECH,
    BY_WHISPER_BASE,
  ),
  ...named('openai/whisper', ['whisper-large-v2', 'whisper-large-v3'], SPEECH, BY_WHISPER_BASE),
  ...named(
    'salesforce/blip',
    ['general-english-image-caption-blip'],
    unserved('image-to-text'),
    'A sentence that describes a picture.',
  ),
  ...named(
    'openai/chat-completion',
    ['GPT-4', 'gpt-4o', 'GPT-3_5-turbo'],
    unserved('text-to-text'),
    'Chat by language models of OpenAI.',
  ),
  ...named(
    'openai/embed',
    ['text-embedding-ada', 'text-embedding-ada-002', 'text-embedding-3-small', 'text-embedding-3-large'],
    unserved('text-embedder'),
    'Vectors of texts by OpenAI.',
  ),
  ...named(
    'openai/tts',
    ['openai-tts-1', 'openai-tts-1-hd'],
    SPEAKING,
    'Speaks English texts. Served under this id by the Kokoro of text-to-speech-kokoro, as WAV; alloy, echo, fable, onyx, nova, shimmer and the like are its nearest voices.',
  ),
  ...named('openai/dall-e', ['DALL-E', 'dall-e-3'], unserved('text-to-image'), 'Pictures from texts by OpenAI.'),
  ...named(
    'stability-ai/stable-diffusion-2',
    ['stable-diffusion-xl-beta'],
    unserved('text-to-image'),
    'Pictures from texts.',
  ),
  ...named(
    'erfan/text-classification',
    ['sentiment-analysis-twitter-roberta-base'],
    SENTIMENT,
    'Whether an English text sounds negative, neutral or positive. Served under this id by the rules of VADER, no network.',
  ),
  ...named(
    'nlptownres/text-classification',
    ['multilingual-uncased-sentiment'],
    unserved(
      'text-classifier',
      'No openly licensed network for it is at hand; use sentiment-english-vader for English.',
    ),
    'Stars that a review in one of six languages gives.',
  ),
  ...named(
    'stability-ai/Upscale',
    ['stabilityai-upscale'],
    ENLARGING,
    'Pictures at twice the size. Served under this id by the slim ESRGAN of image-upscale-esrgan-slim-2x.',
  ),
  ...named('facebook/nougat', ['nougat-base'], unserved('image-to-text'), 'Scientific papers as text.'),
  ...named(
    'mistralai/completion',
    ['mistral-7B-Instruct'],
    unserved('text-to-text'),
    'Answers and completions of texts.',
  ),
  ...named('meta/Llama-2', ['llama2-13b-chat'], unserved('text-to-text'), 'Chat.'),
  ...named('meta/Llama-3', ['Llama-3_2-3B-Instruct'], unserved('text-to-text'), 'Chat.'),
  ...named(
    'helsinkinlp/translation',
    ['text-translation-english-spanish'],
    unserved('text-to-text'),
    'English to Spanish.',
  ),
  ...named(
    'facebook/translation',
    ['translation-english-to-german-text'],
    unserved('text-to-text'),
    'English to German.',
  ),
  ...named('hcs/summarization', ['distilbart-cnn-12-6'], unserved('text-to-text'), 'Summaries of texts.'),
  ...named('textgen/text-generation', ['distilgpt2'], unserved('text-to-text'), 'Continues texts.'),
]
