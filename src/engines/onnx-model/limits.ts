/** Shortest and longest side of a picture given to an uploaded model, in pixels. */
export const SIDE_MIN = 1
export const SIDE_MAX = 4_096
/** Longest side of a picture for a model that takes any size, in pixels; larger pictures are reduced. */
export const OPEN_SIDE_MAX = 1_024
/** Longest text given to an uploaded model, in UTF-16 units. */
export const TEXT_LENGTH_MAX = 100_000
/** Most regions answered for one picture, the best first. */
export const REGIONS_MAX = 500
/** Most boxes that a model may answer for one picture. */
export const BOXES_MAX = 100_000
/** Largest mask that a model may answer, in pixels. */
export const MASK_PIXELS_MAX = 4_194_304
/** Longest vector that a model may answer, in numbers. */
export const VECTOR_LENGTH_MAX = 16_384
/** Most parameters that an uploader may declare for his model. */
export const PARAMS_MAX = 64
/** Longest text that a model may answer, in UTF-16 units. */
export const TEXT_OUT_LENGTH_MAX = 1_000_000
/** Largest picture that a model may answer, in pixels. */
export const IMAGE_OUT_PIXELS_MAX = 16_777_216
/** Longest name of a tensor, in characters. */
export const TENSOR_NAME_MAX = 256
