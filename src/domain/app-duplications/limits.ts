/** Duplications that one call may start; each may make an app. */
export const DUPLICATIONS_PER_CALL_MAX = 16
/** Duplications that run at once in one server. */
export const DUPLICATIONS_AT_ONCE = 2
/** Rows that one transaction copies; what belongs to them comes along. */
export const ROWS_PER_PART = {
  concepts: 500,
  models: 10,
  workflows: 20,
  inputs: 200,
  annotations: 500,
  members: 1_000,
  others: 100,
} as const
