import type { ModelTypeField } from '../../contract/index.ts'
import { field, INFERENCE, Kind, paramsAt, TRAINING } from './field.ts'

const inference = paramsAt(INFERENCE)

/** Paths of the concept lists of a model version. */
export const CONCEPTS_PATH = 'output_info.data.concepts'

/** Limits on the concepts that a model answers. */
export const conceptLimits: readonly ModelTypeField[] = [
  inference.range('max_concepts', 20, 0, 200, 1, { description: 'Most concepts answered; 0 means 20.' }),
  inference.range('min_value', 0, 0, 1, 0.01, { description: 'Concepts below this value are not answered.' }),
  field(`${INFERENCE}.select_concepts`, Kind.ARRAY_OF_MODEL_CONCEPTS, [], {
    description: 'Only these concepts, by id or name, are answered; empty for all.',
  }),
]

/** The data set that a model is trained on. */
export const trainingData: readonly ModelTypeField[] = [
  field(`${TRAINING}.dataset_id`, Kind.DATASET_ID, '', {
    description: 'Dataset to train on; empty for the whole app.',
  }),
  field(`${TRAINING}.dataset_version_id`, Kind.DATASET_VERSION_ID, '', {
    description: 'Version of the dataset; empty for the latest.',
  }),
  paramsAt(TRAINING).number('invalid_data_tolerance_percent', 5, {
    description: 'Share of inputs, in percent, that may be unusable before training fails.',
  }),
]

/** The concepts that a model is to learn. */
export const learnedConcepts: ModelTypeField = field(CONCEPTS_PATH, Kind.ARRAY_OF_CONCEPTS, [], {
  description: 'Concepts that the model learns.',
  required: true,
})
