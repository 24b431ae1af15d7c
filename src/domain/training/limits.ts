import type { Bounds } from '../models/limits.ts'

export type { Bounds }

/** Time that a training may take, in seconds. */
export const TIMEOUT_SECONDS: Bounds = { otherwise: 1_800, min: 1, max: 86_400 }
/** Trainings that run at the same time. */
export const TRAININGS_AT_ONCE = 2
/** How often a training is begun that the server or the training process does not survive. */
export const TRAINING_ATTEMPTS_MAX = 3
/** Inputs whose vectors are computed together. */
export const EMBEDDED_TOGETHER = 16
/** How often a training looks whether the dataset version that it waits for is ready, in milliseconds. */
export const DATASET_POLL_MS = 50
/** Most ids that one sentence lists. */
export const LISTED_IDS_MAX = 5
/** Most inputs that a training without labels looks at: the oldest of the app. */
export const TRAINING_INPUTS_MAX = 100_000
/** Groups that a clusterer finds, where the version does not say. */
export const CLUSTERS: Bounds = { otherwise: 32, min: 1, max: 1_024 }
/** Most numbers in vectors that are kept in memory between trainings: 64 MB. */
export const SHELF_NUMBERS_MAX = 16 * 1024 * 1024
/** How long they are kept after the last training, in milliseconds. */
export const SHELF_MS_MAX = 60_000
/** Latest trainings of a type by which the time of the next is estimated, */
export const MEASURED_TRAININGS_MAX = 20
/** of these the ones with so many examples times concepts, */
export const MEASURED_CELLS_MIN = 1_000
/** and for the making of vectors those that had to make so many. */
export const MEASURED_VECTORS_MIN = 10
