import type { JsonText } from './columns.ts'

/** What a trained version was made of. */
export interface ModelTrainingsTable {
  version_pk: number
  /** A TrainingRecord (domain/training/record.ts). */
  doc: JsonText
}

/** A vector that was computed for a training, of an input that has none of its app's workflow. */
export interface TrainingVectorsTable {
  input_pk: number
  /** Version of the model that made it. */
  model_version_pk: number
  /** Empty for the whole input, else the box that was cut out. */
  part: string
  /** 32-bit floats, little endian. */
  vector: Uint8Array
}

/** Of a version whose calibration was found by one head without a part of the examples: that head. */
export interface TrainingStartsTable {
  version_pk: number
  /** Weights, then biases, as they were before calibration; 32-bit floats, little endian. */
  held: Uint8Array
}
