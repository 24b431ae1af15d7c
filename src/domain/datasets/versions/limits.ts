/** Inputs of one part of a version. */
export const CHUNK_INPUTS_MAX = 500
/** Size in bytes above which the next part of a version takes fewer inputs. */
export const CHUNK_BYTES_WANTED = 16 * 1024 * 1024
/** Largest part of a version that is read back, in bytes. */
export const CHUNK_BYTES_MAX = 1024 * 1024 * 1024
/** Inputs of a version that a model looks at together. */
export const PREDICTED_TOGETHER = 16
/** Most frames that interpolation may make of one video. */
export const INTERPOLATED_FRAMES_MAX = 20_000
/** Most concepts that get a group of metrics of their own: those with most inputs. */
export const CONCEPT_GROUPS_MAX = 10_000
/** Rows and columns of the matrix that says where regions are. */
export const LOCATION_CELLS = 10
/** Pixels in one group of inputs by their size. */
export const PIXELS_BIN = 400 * 400
/** Width of a group of inputs by their width over height. */
export const ASPECT_BIN = 0.1
