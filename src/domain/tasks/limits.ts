/** People that one task names as workers, or as reviewers. */
export const MEMBERS_MAX = 1_000
/** Concepts of one task. */
export const TASK_CONCEPTS_MAX = 1_000
/** Inputs that a saved search with ranks gives to a task: as many as one search finds at most. */
export const RANKED_INPUTS_MAX = 5_000
/** Shortest and longest time between frames that are looked at, in milliseconds. */
export const SAMPLE_MS_MIN = 100
export const SAMPLE_MS_MAX = 60_000
/** Inputs that one commit of a job assigns, and about how many assignments where each input goes to many. */
export const INPUTS_TOGETHER = 500
export const ASSIGNED_TOGETHER = 5_000
/** Inputs that a worker or a reviewer gets at a time. */
export const HANDED_OUT = 10
/** Inputs of each status among which one statement looks for those that are not assigned. */
export const LOOKED_AT_TOGETHER = 10_000
/** Inputs of each labeler in the samples of a task. */
export const SAMPLED_INPUTS = 10
/** Annotations of each labeler in them. */
export const ANNOTATIONS_PER_LABELER = 1_000
/** Inputs on which one commit looks whether labelers agree. */
export const JUDGED_TOGETHER = 20
/** Assignments that one commit of a review of all work of workers decides. */
export const REVIEWED_TOGETHER = 200
/** From how many on such a review goes on in the background. */
export const REVIEWED_AT_ONCE = 1_000
/** Inputs that a model annotates in one run, and one commit. */
export const ANNOTATED_TOGETHER = 32
/** Annotations of earlier tasks that one commit deletes. */
export const CLEARED_TOGETHER = 500
/** How long a task of auto-annotation waits before it looks for more inputs, in milliseconds. */
export const IDLE_MS = 30_000
