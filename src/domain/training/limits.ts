/** Most inputs that one training looks at. */
export const TRAINING_INPUTS_MAX = 200_000
