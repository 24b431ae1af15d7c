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
    description: 'Passes on inputs that match a filter.',
    input: ['any'],
    output: ['any'],
  }),
  operator({
    id: 'concept-synonym-mapper',
    title: 'Concept Synonym Mapper',
    description: 'Maps concepts to related ones by the relations stored in the app.',
    input: ['concepts'],
    output: ['concepts'],
    fields: [
      inference.string('knowledge_graph_id', '', { description: 'Knowledge graph to use; empty for the global one.' }),
    ],
  }),
  operator({
    id: 'image-crop',
    title: 'Image Cropper',
    description: 'Cuts the picture of each region out.',
    input: ['image', BOX],
    output: ['regions[...].data.image'],
    fields: [
      inference.number('margin', 1, {
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
    fields: [inference.number('tile_size', 512), inference.number('max_object_size', 120)],
  }),
  operator({
    id: 'tiling-region-aggregator-operator',
    title: 'Tiling Region Aggregator',
    description: 'Puts what was found on tiles back into the whole picture and removes doubles.',
    input: ['regions[...].data.regions[...].data.concepts'],
    output: [REGION_CONCEPTS, BOX],
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
    description: 'Averages the vectors of each track.',
    input: ['frames[...].data.regions[...].data.embeddings,frames[...].data.regions[...].track_id'],
    output: ['tracks'],
  }),
  operator({
    id: 'isolation-operator',
    title: 'Isolation Operator',
    description: 'Labels regions by their distance from each other.',
    input: [REGION_CONCEPTS, BOX],
    output: [REGION_CONCEPTS],
  }),
  operator({
    id: 'barcode-operator',
    title: 'Barcode Operator',
    description: 'Reads EAN, UPC, Code 128, Code 39, Interleaved 2 of 5 and QR codes.',
    input: ['image'],
    output: ['regions[...].data.text'],
  }),
  operator({
    id: 'knn-concept',
    title: 'KNN Classifier',
    description: 'Lets the nearest labelled inputs vote.',
    input: ['embeddings'],
    output: ['concepts'],
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
  }),
  operator({
    id: 'input-searcher',
    title: 'Input Searcher',
    description: 'Searches for inputs like this one.',
    input: ['embeddings', 'image', 'text'],
    output: ['hits'],
    anyInput: true,
  }),
]
