/** Labels of a runner, and of a model version for runners. */
export const LABELS_MAX = 64
/** Characters of a label. */
export const LABEL_CHARS_MAX = 256
/** Nodepools of a deployment. */
export const DEPLOYMENT_NODEPOOLS_MAX = 64
/** Instance types of a nodepool. */
export const INSTANCE_TYPES_MAX = 64
