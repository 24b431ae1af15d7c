import { CONCEPTS_PATH } from './common.ts'
import { operator, type TypeEntry } from './define.ts'
import { field, INFERENCE, Kind, paramsAt } from './field.ts'
import { BOX, REGION_CONCEPTS } from './visual.ts'

const inference = paramsAt(INFERENCE)

const comparison = inference.choice(
  'concept_threshold_type',
  'GREATER_THAN_OR_EQUAL',
  [
    { id: 'GREATER_THAN', number: 1 },
    { id: 'GREATER_THAN_OR_EQUAL', number: 2 },
    { id: 'LESS_THAN', number: 3 },
    { id: 'LESS_THAN_OR_EQUAL', number: 4 },
    { id: 'EQUAL', number: 5 },
  ],
  { description: 'How the value of a concept must compare to its threshold for the concept to stay.' },
)
const thresholdFields = [
  field(CONCEPTS_PATH, Kind.ARRAY_OF_CONCEPTS_WITH_THRESHOLD, [], {
    description: 'Concepts with their thresholds as values.',
    required: true,
  }),
  comparison,
  inference.boolean('filter_other_concepts', true, { description: 'Drops concepts that have no threshold.' }),
]
const activeConcepts = (description: string, required = false) =>
  field(CONCEPTS_PATH, Kind.ARRAY_OF_CONCEPTS, [], { description, required })

/** Which of the hits are answered. */
const hitLimits = [
  inference.range('min_score', 0, 0, 1, 0.01, { description: 'Hits below this score are left out.' }),
  inference.range('max_results', 10, 1, 100, 1, { description: 'Most hits.' }),
]

/** Operators that filter, cut or count what models have found, without looking at text. */
export const dataOperators: readonly TypeEntry[] = [
  operator({
    id: 'concept-thresholder',
    title: 'Concept Thresholder',
    description: 'Keeps the concepts whose values pass their thresholds.',
    input: ['concepts'],
    output: ['concepts'],
    fields: thresholdFields,
  }),
  operator({
    id: 'region-thresholder',
    title: 'Region Thresholder',
    description: 'Keeps in each region the concepts that pass their thresholds, and the regions that keep any.',
    input: [REGION_CONCEPTS],
    output: [REGION_CONCEPTS],
    fields: thresholdFields,
  }),
  operator({
    id: 'random-sample',
    title: 'Random Sample',
    description: 'Passes on a random share of the inputs.',
    input: ['any'],
    output: ['any'],
    random: true,
    fields: [inference.range('keep_fraction', 1, 0, 1, 0.001, { description: 'Share of inputs that pass.' })],
  }),
  operator({
    id: 'input-filter',
    title: 'Input Filter',
    description: 'Passes on inputs of the wanted kinds, with the wanted metadata and with one of its concepts.',
    input: ['any'],
    output: ['any'],
    fields: [
      inference.strings('input_types', [], { description: 'image, video, text or audio; empty for all.' }),
      inference.json('metadata', {}, { description: 'Must be contained in the metadata of the input.' }),
      inference.boolean('invert', false, { description: 'Passes on the others instead.' }),
      field(CONCEPTS_PATH, Kind.ARRAY_OF_CONCEPTS_WITH_THRESHOLD, [], {
        description: 'One of them must be found, in the whole or in a region, with at least its value; none for all.',
      }),
    ],
  }),
  operator({
    id: 'concept-synonym-mapper',
    title: 'Concept Synonym Mapper',
    description: 'Maps concepts to related ones by the relations stored in the app; those without any are left out.',
    input: ['concepts'],
    output: ['concepts'],
    fields: [
      inference.string('knowledge_graph_id', '', { description: 'Knowledge graph to use; empty for the global one.' }),
      inference.choice('predicate', 'synonym', ['synonym', 'hyponym', 'hypernym'], {
        description: 'Answers what means the same, what a concept is a kind of (hyponym), or its kinds (hypernym).',
      }),
    ],
  }),
  operator({
    id: 'image-crop',
    title: 'Image Cropper',
    description: 'Cuts the picture of each region out.',
    input: ['image', BOX],
    output: ['regions[...].data.image'],
    fields: [
      inference.range('margin', 1, 0.01, 20, 0, {
        description: 'Size of the cut in box sizes; 1.0 is the box itself, 1.1 a bit more.',
      }),
    ],
  }),
  operator({
    id: 'image-align',
    title: 'Image Align',
    description: 'Turns and scales a face by its points so that the eyes lie where a recognition model expects them.',
    input: ['image', 'regions[...].region_info.point'],
    output: ['image'],
    fields: [
      inference.range('image_size', 224, 32, 1024, 1, { description: 'Side of the aligned picture in pixels.' }),
    ],
  }),
  operator({
    id: 'image-tiling-operator',
    title: 'Image Tiler',
    description: 'Cuts a picture into tiles of equal size.',
    input: ['image'],
    output: ['regions[...].data.image', BOX],
    fields: [
      inference.range('tile_size', 512, 32, 4096, 1, { description: 'Side of a tile in pixels.' }),
      inference.range('max_object_size', 120, 0, 4095, 1, {
        description:
          'Pixels by which tiles overlap at least, so that things of that size are whole in one; below tile_size.',
      }),
    ],
  }),
  operator({
    id: 'tiling-region-aggregator-operator',
    title: 'Tiling Region Aggregator',
    description: 'Puts what was found on tiles back into the whole picture and removes doubles.',
    input: [BOX, `regions[...].data.${REGION_CONCEPTS}`, `regions[...].data.${BOX}`],
    output: [REGION_CONCEPTS, BOX],
    fields: [
      inference.range('nms_threshold', 0.5, 0, 1, 0.01, {
        description: 'Boxes of one concept that overlap by this share or more are one.',
      }),
      inference.range('min_confidence', 0, 0, 1, 0.01, { description: 'Boxes below this value are left out.' }),
    ],
  }),
  operator({
    id: 'object-counter',
    title: 'Object Counter',
    description: 'Counts the regions that have one of its concepts.',
    input: [REGION_CONCEPTS],
    output: ['metadata'],
    fields: [activeConcepts('Concepts that are counted; none for all regions.')],
  }),
  operator({
    id: 'track-representation-operator',
    title: 'Track Representation',
    description: 'Averages the vectors of the regions of each track.',
    input: ['frames[...].data.regions[...].data.embeddings,frames[...].data.regions[...].track_id'],
    output: ['tracks[...].data.embeddings'],
  }),
  operator({
    id: 'isolation-operator',
    title: 'Isolation Operator',
    description: 'Labels regions by whether another one is near.',
    input: [REGION_CONCEPTS, BOX],
    output: [REGION_CONCEPTS],
    fields: [
      activeConcepts('Only regions with one of these are looked at; none for all.'),
      inference.range('min_distance', 0.1, 0, Math.SQRT2, 0, {
        description: 'Distance from which a region stands alone, in shares of the sides of the picture.',
      }),
      inference.choice('distance_metric', 'center', ['center', 'edge'], {
        description: 'Between the middles or the nearest edges of boxes.',
      }),
      inference.string('isolated_label', 'isolated', { description: 'Concept of regions that stand alone.' }),
      inference.string('crowded_label', 'crowded', { description: 'Concept of the others; empty for none.' }),
    ],
  }),
  operator({
    id: 'barcode-operator',
    title: 'Barcode Operator',
    description: 'Reads EAN, UPC, Code 128, Code 39, Interleaved 2 of 5 and QR codes.',
    input: ['image'],
    output: ['regions[...].data.text', BOX],
    fields: [
      inference.strings('formats', [], {
        description: 'Kinds that are read: ean-upc, code-128, code-39, itf, qr; empty for all.',
      }),
      inference.boolean('try_harder', true, { description: 'Takes more time over small, blurred or turned codes.' }),
      inference.range('max_codes', 255, 1, 255, 1, { description: 'Most codes read in one picture.' }),
    ],
  }),
  operator({
    id: 'knn-concept',
    title: 'KNN Classifier',
    description: 'Lets the nearest labelled inputs of the app vote, each with its likeness as weight.',
    input: ['embeddings'],
    output: ['concepts'],
    served: true,
    fields: [
      activeConcepts('Concepts that may be voted for.'),
      inference.range('k', 10, 1, 1000, 1, { description: 'How many neighbours vote.' }),
    ],
  }),
  operator({
    id: 'cross-app-input-searcher',
    title: 'Cross App Input Searcher',
    description: 'Searches another app for inputs like this one.',
    input: ['embeddings', 'image', 'text'],
    output: ['hits'],
    anyInput: true,
    served: true,
    fields: [
      inference.string('app_id', undefined, { description: 'App that is searched.', required: true }),
      inference.string('user_id', '', { description: 'Its owner; the caller unless said.' }),
      ...hitLimits,
    ],
  }),
  operator({
    id: 'input-searcher',
    title: 'Input Searcher',
    description: 'Searches the app for inputs like this one.',
    input: ['embeddings', 'image', 'text'],
    output: ['hits'],
    anyInput: true,
    served: true,
    fields: hitLimits,
  }),
]
