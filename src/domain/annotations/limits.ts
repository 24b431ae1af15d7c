/** Most points of one polygon. */
export const POLYGON_POINTS_MAX = 10_000
/** Most keypoints of one region. */
export const KEYPOINTS_MAX = 1_000
/** Most concepts on one level of an annotation. */
export const CONCEPTS_MAX = 1_000
/** Most numbers of one embedding. */
export const EMBEDDING_DIMENSIONS_MAX = 16_384
/** Most embeddings of one annotation. */
export const EMBEDDINGS_MAX = 128
/** Longest text of an annotation (a transcription, a caption), in bytes. */
export const ANNOTATION_TEXT_BYTES_MAX = 1024 * 1024
/** Largest encoded mask, in bytes. */
export const MASK_BYTES_MAX = 20 * 1024 * 1024
/** Most pixels of a mask. */
export const MASK_PIXELS_MAX = 100_000_000
