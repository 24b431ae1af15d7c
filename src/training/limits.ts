/** Most numbers in the vectors of all examples of one training: 512 MB of float32. */
export const EXAMPLE_NUMBERS_MAX = 128 * 1024 * 1024
/** Most cells of examples x columns that are worked on at once; more columns go one block after the other. */
export const CELLS_AT_ONCE = 8 * 1024 * 1024
/** Most cells of examples x concepts where all concepts must be learned together. */
export const EXCLUSIVE_CELLS_MAX = 64 * 1024 * 1024
/** Steps after which a descent ends even if it has not converged. */
export const STEPS_MAX = 300
/** Norm of the gradient, as a share of about what it is before anything is learned, at which a descent has arrived. */
export const TOLERANCE = 1e-3
/** Pairs of differences that a descent remembers. */
export const MEMORY_PAIRS = 8
/** Up to this many examples scores are calibrated on all of them in turn, beyond on one held-out part. */
export const CROSS_FITTED_MAX = 1_500
/** Parts in which examples are held out for calibration. */
export const CALIBRATION_FOLDS = 5
/** How much less exactly the heads are fitted that only calibrate. */
export const CALIBRATION_LOOSENESS = 5
/** Fewest examples of which some can be held out for calibration. */
export const CALIBRATED_MIN = 20
/** Strength of a head when none is given: the inverse of the weight decay, for vectors of mean square length 1. */
export const STRENGTH = 10
/** Numbers of a matrix that one message to the training process carries: 4 MB. */
export const PART_NUMBERS = 1024 * 1024
/** Time after which a training process without work is ended, in milliseconds. */
export const IDLE_MS_MAX = 60_000
/** Time that the training process has to end when it is asked to, in milliseconds. */
export const END_MS_MAX = 3_000
/** Threads of the matrix products of trainings: more would fight with those who predict meanwhile. */
export const PRODUCT_THREADS = 2
/** Counts changes of the solver after which the same data give another head. */
export const SOLVER = 2
