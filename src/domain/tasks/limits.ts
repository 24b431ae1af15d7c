/** People that one task names as workers, or as reviewers. */
export const MEMBERS_MAX = 1_000
/** Concepts of one task. */
export const TASK_CONCEPTS_MAX = 1_000
/** Inputs that a saved search with ranks gives to a task: as many as one search finds at most. */
export const RANKED_INPUTS_MAX = 5_000
/** Shortest and longest time between frames that are looked at, in milliseconds. */
export const SAMPLE_MS_MIN = 100
export const SAMPLE_MS_MAX = 60_000
/** Inputs that one commit of a job assigns. */
export const ASSIGNED_TOGETHER = 500
