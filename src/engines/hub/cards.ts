import type { ModelCard } from '../cards.ts'

/** These models cannot be had where this program is made, so nothing about their quality was measured here. */
const UNMEASURED =
  'Not measured here, where no hub can be reached: the code around it was tested with small networks of its form. Expect some ms for a text and tens to hundreds for a picture.'

const card = (provenance: string, license: string, can: string, cannot: string): ModelCard => ({
  provenance,
  license,
  can,
  cannot,
  measured: UNMEASURED,
})

const CLIP_LIMITS = 'Count, read small print, or tell fine kinds apart; long texts are cut after 77 tokens.'
const WHISPER =
  'What is said in 99 languages, with punctuation and times; the language is found out or given as the parameter language.'
const WHISPER_LIMITS =
  'Who is speaking, several people at once; small sizes err often in languages with little training data.'
const COCO = 'Boxes of the 80 everyday things of COCO.'
const TALKS = 'Short answers, rewording, simple questions.'
const TALKS_NOT = 'Facts that can be relied on, arithmetic, long texts; it is a very small language model.'

/** Cards of the engines of optional models. */
export const hubCards: Readonly<Record<string, ModelCard>> = {
  'bge-embed': card(
    'bge-small-en-v1.5 of the Beijing Academy of Artificial Intelligence, hub Xenova/bge-small-en-v1.5.',
    'MIT',
    'A vector of 384 numbers and length 1 for the meaning of an English text of up to 512 tokens.',
    'Other languages.',
  ),
  'birefnet-lite': card(
    'BiRefNet lite, hub onnx-community/BiRefNet_lite-ONNX.',
    'MIT',
    'A mask of the main thing of a picture, whatever it is, and one of what is behind it.',
    'Tell things from each other or name them.',
  ),
  'clip-b32-embed': card(
    'CLIP ViT-B/32 of OpenAI, hub Xenova/clip-vit-base-patch32.',
    'MIT',
    'Vectors of 512 numbers and length 1 for pictures and for English texts in one space, so that one finds the other.',
    CLIP_LIMITS,
  ),
  'clip-l14-embed': card(
    'CLIP ViT-L/14 of OpenAI, hub Xenova/clip-vit-large-patch14.',
    'MIT',
    'Vectors of 768 numbers and length 1 for pictures and for English texts in one space, so that one finds the other.',
    CLIP_LIMITS,
  ),
  'clip-zero-shot': card(
    'CLIP ViT-B/32 of OpenAI, hub Xenova/clip-vit-base-patch32.',
    'MIT',
    'Which of some labels, given with the call, a picture shows.',
    `Say "none of them": values add up to 1 over the labels given. ${CLIP_LIMITS}`,
  ),
  'distilbert-sst2': card(
    'DistilBERT trained on SST-2, hub Xenova/distilbert-base-uncased-finetuned-sst-2-english.',
    'Apache-2.0',
    'Whether an English text, such as a review, is negative or positive.',
    'Neutral texts: it always takes a side. Known to be biased by names of countries.',
  ),
  'e5-embed': card(
    'multilingual-e5-small of Microsoft, hub Xenova/multilingual-e5-small.',
    'MIT',
    'A vector of 384 numbers and length 1 for the meaning of a text of up to 512 tokens in 100 languages.',
    'Cosines far apart: those of unrelated texts are about .7, so only their order counts.',
  ),
  'qwen2-5-0-5b': card(
    'Qwen2.5-0.5B-Instruct of Alibaba, hub onnx-community/Qwen2.5-0.5B-Instruct.',
    'Apache-2.0',
    TALKS,
    TALKS_NOT,
  ),
  'rtdetr-r18': card('RT-DETR R18 of Baidu, hub onnx-community/rtdetr_r18vd.', 'Apache-2.0', COCO, 'Other things.'),
  'smollm2-360m': card(
    'SmolLM2-360M-Instruct of Hugging Face, hub HuggingFaceTB/SmolLM2-360M-Instruct.',
    'Apache-2.0',
    TALKS,
    TALKS_NOT,
  ),
  'toxic-bert': card(
    'toxic-bert of Unitary (Detoxify), hub Xenova/toxic-bert.',
    'Apache-2.0',
    'How toxic, severely toxic, obscene, threatening, insulting or hateful an English text is; several may be true.',
    'Other languages, irony, quotations. Known to be biased against texts that merely name a minority.',
  ),
  'vit-imagenet': card(
    'ViT-B/16 of Google, hub Xenova/vit-base-patch16-224.',
    'Apache-2.0',
    'Which of the 1000 classes of ImageNet a picture shows.',
    'People, scenes, several things at once: values add up to 1 over the classes.',
  ),
  'whisper-base': card('Whisper base of OpenAI, hub ggerganov/whisper.cpp.', 'MIT', WHISPER, WHISPER_LIMITS),
  'whisper-small': card('Whisper small of OpenAI, hub ggerganov/whisper.cpp.', 'MIT', WHISPER, WHISPER_LIMITS),
  'whisper-tiny': card('Whisper tiny of OpenAI, hub ggerganov/whisper.cpp.', 'MIT', WHISPER, WHISPER_LIMITS),
  'yolox-s': card('YOLOX-S of Megvii, hub opencv/object_detection_yolox.', 'Apache-2.0', COCO, 'Other things.'),
}
