/** Memory for records that wait to be sorted, in bytes, shared out among all that are sorted at the same time. */
export const SORT_BYTES_MAX = 64 * 1024 * 1024
/** Most records of one sorted run; below 2^20, see sorted-records.ts. */
export const RUN_RECORDS_MAX = 65_536
/** Fewest records of one sorted run: shorter ones would make merging slow. */
export const RUN_RECORDS_MIN = 1_024
/** Memory for reading sorted runs back while they are merged, in bytes. */
export const MERGE_BYTES_MAX = 2 * 1024 * 1024
/** Concepts that matrices have rows and columns for; of a model with more the first ones. */
export const MATRIX_CONCEPTS_MAX = 200
/** Detections of one concept in one picture that count: the best ones, as in COCO. */
export const DETECTIONS_PER_PICTURE_MAX = 100
