/** Most filters of a search. */
export const FILTERS_MAX = 128
/** Most conditions in all filters of a search together. */
export const TESTS_MAX = 1_000
/** Deepest JSON that a filter compares with. */
export const JSON_DEPTH_MAX = 16
/** Most values in the JSON that a filter compares with. */
export const JSON_VALUES_MAX = 100
