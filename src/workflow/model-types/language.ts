import { conceptLimits, learnedConcepts, trainingData } from './common.ts'
import { define, EvaluationType, type TypeEntry } from './define.ts'
import { INFERENCE, paramsAt, templates } from './field.ts'
import { textTemplates } from './templates-other.ts'

const inference = paramsAt(INFERENCE)

const generation = [
  inference.number('temperature', 0.7, { description: 'How freely the model varies; 0 always takes the likeliest.' }),
  inference.number('max_tokens', 512, { description: 'Longest answer, in tokens.' }),
  inference.number('top_p', 0.95, { description: 'Share of probability that is sampled from.' }),
  inference.string('system_prompt', '', { description: 'Text put before every input.' }),
]

/** Model types that read or write text, speech, or pictures made from text. */
export const languageTypes: readonly TypeEntry[] = [
  define({
    id: 'text-classifier',
    title: 'Text Classifier',
    description:
      'Says which concepts a text is about. Trained here it is a linear head on the vectors of an embedding model, which itself is not changed.',
    input: ['text'],
    output: ['concepts'],
    trainable: true,
    evaluation: EvaluationType.Classification,
    fields: [...trainingData, learnedConcepts, templates('HF_GPTNeo_125m_lora', textTemplates), ...conceptLimits],
  }),
  define({
    id: 'text-token-classifier',
    title: 'Text Token Classifier',
    description: 'Finds names, places, dates and the like in a text.',
    input: ['text'],
    output: ['regions[...].region_info.span', 'regions[...].data.concepts'],
    fields: conceptLimits,
  }),
  define({
    id: 'text-embedder',
    title: 'Text Embedder',
    description: 'Turns a text into a vector; texts of similar meaning get similar vectors.',
    input: ['text'],
    output: ['embeddings'],
  }),
  define({
    id: 'text-to-text',
    title: 'Text To Text',
    description: 'Answers a text with a text: chat, translation, summary.',
    input: ['text'],
    output: ['text'],
    trainable: true,
    evaluation: EvaluationType.Generation,
    fields: [...trainingData, templates('HF_GPTNeo_125m_lora', textTemplates), ...generation],
  }),
  define({
    id: 'text-to-image',
    title: 'Text To Image',
    description: 'Draws a picture of what a text says.',
    input: ['text'],
    output: ['image'],
  }),
  define({
    id: 'text-to-audio',
    title: 'Text To Audio',
    description: 'Speaks a text.',
    input: ['text'],
    output: ['audio'],
    fields: [
      inference.string('voice', '', { description: 'Who speaks; the voices are those of the model.' }),
      inference.number('speed', 1, { description: 'How fast, as a multiple of the natural speed.' }),
    ],
  }),
  define({
    id: 'audio-to-text',
    title: 'Audio To Text',
    description: 'Writes down what is spoken in a recording.',
    input: ['audio'],
    output: ['text'],
  }),
  define({
    id: 'audio-classifier',
    title: 'Audio Classifier',
    description: 'Says which concepts a recording holds.',
    input: ['audio'],
    output: ['concepts'],
    evaluation: EvaluationType.Classification,
    fields: conceptLimits,
  }),
  define({
    id: 'audio-embedder',
    title: 'Audio Embedder',
    description: 'Turns a recording into vectors.',
    input: ['audio'],
    output: ['embeddings'],
  }),
  define({
    id: 'image-to-text',
    title: 'Image To Text',
    description: 'Describes a picture in words.',
    input: ['image'],
    output: ['text'],
  }),
  define({
    id: 'image-to-image',
    title: 'Image To Image',
    description: 'Makes a picture from a picture.',
    input: ['image'],
    output: ['image'],
  }),
  define({
    id: 'multimodal-embedder',
    title: 'Multimodal Embedder',
    description: 'Turns pictures and texts into vectors of one space, so that one finds the other.',
    input: ['image', 'text'],
    output: ['embeddings'],
    anyInput: true,
  }),
  define({
    id: 'multimodal-to-text',
    title: 'Multimodal To Text',
    description: 'Answers a picture, a text or both with a text.',
    input: ['image', 'text'],
    output: ['text'],
    anyInput: true,
    fields: generation,
  }),
  define({
    id: 'zero-shot-text-classifier',
    title: 'Zero Shot Text Classifier',
    description: 'Says which of the labels given as parameter a text is about.',
    input: ['text'],
    output: ['concepts'],
    fields: [inference.strings('candidate_labels', [], { description: 'Labels to choose from.' }), ...conceptLimits],
  }),
  define({
    id: 'any-to-any',
    title: 'Any To Any',
    description: 'A model with methods of its own for any kind of data.',
    input: ['any'],
    output: ['any'],
  }),
  define({
    id: 'mcp',
    title: 'Model Context Protocol',
    description: 'A model that serves tools by the Model Context Protocol.',
    input: ['any'],
    output: ['any'],
  }),
]
