import { conceptLimits, learnedConcepts, trainingData } from './common.ts'
import { define, EvaluationType, type TypeEntry } from './define.ts'
import { EVALUATION, field, INFERENCE, Kind, paramsAt, TRAINING, templates } from './field.ts'
import { classifierTemplates } from './templates-classifier.ts'
import {
  anomalyTemplates,
  clustererParams,
  detectorTemplates,
  embedderTemplates,
  segmenterTemplates,
} from './templates-other.ts'

const inference = paramsAt(INFERENCE)

/** Input and output paths that several types share. */
export const BOX = 'regions[...].region_info.bounding_box'
export const REGION_CONCEPTS = 'regions[...].data.concepts'

/** Model types that look at pictures or at the vectors made of them. */
export const visualTypes: readonly TypeEntry[] = [
  define({
    id: 'visual-classifier',
    title: 'Visual Classifier',
    description:
      'Says which concepts a picture, or each frame of a video, shows. Trained here it is a linear head on the vectors of an embedding model, which itself is not changed.',
    input: ['image'],
    output: ['concepts'],
    trainable: true,
    evaluation: EvaluationType.Classification,
    fields: [
      ...trainingData,
      learnedConcepts,
      templates('MMClassification_ResNet_50_RSB_A1', classifierTemplates),
      ...conceptLimits,
    ],
  }),
  define({
    id: 'visual-detector',
    title: 'Visual Detector',
    description:
      'Finds things in a picture: a box and concepts for each. Trained here it is no network for boxes, but a linear head that looks at a fixed set of windows: good for large things and few examples, with rough boxes.',
    input: ['image'],
    output: [REGION_CONCEPTS, BOX],
    trainable: true,
    evaluation: EvaluationType.Detection,
    fields: [
      ...trainingData,
      learnedConcepts,
      templates('MMDetection_YoloF', detectorTemplates),
      inference.range('detection_threshold', 0, 0, 1, 0.01, {
        description: 'Boxes below this value are not answered; 0 leaves it to the model.',
      }),
      ...conceptLimits,
    ],
  }),
  define({
    id: 'visual-segmenter',
    title: 'Visual Segmenter',
    description: 'Gives each part of a picture a mask and concepts.',
    input: ['image'],
    output: [`regions[...].region_info.mask,${REGION_CONCEPTS}`],
    trainable: true,
    evaluation: EvaluationType.Segmentation,
    fields: [
      ...trainingData,
      learnedConcepts,
      templates('MMSegmentation_SegFormer', segmenterTemplates),
      ...conceptLimits,
    ],
  }),
  define({
    id: 'visual-embedder',
    title: 'Visual Embedder',
    description:
      'Turns a picture into a vector; similar pictures get similar vectors. Trained here it is a linear projection of the vectors of another embedding model.',
    input: ['image'],
    output: ['embeddings'],
    trainable: true,
    fields: [...trainingData, learnedConcepts, templates('Clarifai_ResNet_AngularMargin', embedderTemplates)],
  }),
  define({
    id: 'visual-anomaly-heatmap',
    title: 'Visual Anomaly Heatmap',
    description: 'Learns how normal pictures look and marks what does not.',
    input: ['image'],
    output: ['heatmaps', 'concepts'],
    trainable: true,
    fields: [...trainingData, learnedConcepts, templates('Clarifai_PatchCore', anomalyTemplates), ...conceptLimits],
  }),
  define({
    id: 'embedding-classifier',
    title: 'Transfer Learn Classifier',
    description: 'Learns concepts from a few examples, on top of the vectors of an embedding model.',
    input: ['embeddings'],
    output: ['concepts'],
    trainable: true,
    evaluation: EvaluationType.Classification,
    fields: [
      ...trainingData,
      learnedConcepts,
      paramsAt(TRAINING).choice('enrich_dataset', 'Automatic', ['Automatic', 'Disabled'], {
        description: 'Adds examples of other inputs as negatives where a concept has none.',
      }),
      field('output_info.output_config.concepts_mutually_exclusive', Kind.BOOLEAN, false, {
        description: 'An input has exactly one of the concepts.',
      }),
      field('input_info.base_embed_model', Kind.WORKFLOW_EMBED_MODELS, undefined, {
        description: 'Embedding model whose vectors are learned from; the default workflow has it unless said.',
      }),
      paramsAt(EVALUATION).boolean('use_kfold', true, { description: 'Evaluates on parts of the training data.' }),
      ...conceptLimits,
    ],
  }),
  define({
    id: 'clusterer',
    title: 'Clusterer',
    description: 'Groups vectors that lie close together; basis of visual search.',
    input: ['embeddings'],
    output: ['clusters'],
    trainable: true,
    evaluation: EvaluationType.Clustering,
    fields: [...trainingData, ...clustererParams],
  }),
  define({
    id: 'visual-keypointer',
    title: 'Visual Keypointer',
    description: 'Finds points of a body, face or hand in a picture.',
    input: ['image'],
    output: ['regions[...].region_info.keypoint_locations', 'regions[...].region_info.point'],
    creatable: false,
  }),
  define({
    id: 'landmarks',
    title: 'Landmarks',
    description: 'Finds points of a face in a picture of it; older name and form of visual-keypointer.',
    input: ['image'],
    output: ['regions[...].region_info.point'],
    creatable: false,
  }),
  define({
    id: 'visual-detector-embedder',
    title: 'Visual Detector Embedder',
    description: 'Finds things in a picture and gives each a vector.',
    input: ['image'],
    output: [BOX, 'regions[...].data.embeddings'],
    creatable: false,
  }),
  define({
    id: 'optical-character-recognizer',
    title: 'Optical Character Recognizer',
    description: 'Reads the text in a picture: a box and its text for each line or word.',
    input: ['image'],
    output: ['regions[...].data.text', BOX],
  }),
  define({
    id: 'image-color-recognizer',
    title: 'Image Color Recognizer',
    description: 'Names the colours that a picture is made of, with their shares.',
    input: ['image'],
    output: ['colors'],
    creatable: false,
  }),
  define({
    id: 'zero-shot-image-classifier',
    title: 'Zero Shot Image Classifier',
    description: 'Says which of the labels given as parameter a picture shows.',
    input: ['image'],
    output: ['concepts'],
    fields: [inference.strings('candidate_labels', [], { description: 'Labels to choose from.' }), ...conceptLimits],
  }),
]
