/** Inputs of an app that are evaluated between two checkpoints; versions of datasets go by their own parts. */
export const EXAMPLES_PER_PART = 250
/** Inputs that go through a model together. */
export const PREDICTED_TOGETHER = 32
/** Largest part of a dataset version that is read, in bytes. */
export { CHUNK_BYTES_MAX } from '../datasets/versions/limits.ts'
/** Most entries of `test_set` in an answer: the first examples. */
export const TEST_SET_MAX = 1_000
/** Concepts of an entry of `test_set`: the best ones. */
export const TEST_SET_CONCEPTS_MAX = 20
/** Concepts that a model may answer for one input. */
export const ANSWERED_CONCEPTS_MAX = 200
/** Milliseconds between two looks whether the dataset version is ready. */
export const VERSION_POLL_MS = 250
/** Most values of one filter of a list. */
export const FILTER_VALUES_MAX = 128
/** Parts of a cross-validation. */
export const FOLDS = 5
/** Milliseconds between two looks whether the version is trained. */
export const TRAINING_POLL_MS = 200
/** Fewer inputs than these may be chosen by a search to evaluate with; they are kept with the job. */
export const TEST_SEARCH_INPUTS_MAX = 10_000
