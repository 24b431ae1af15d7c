/** Most nodes that a user may put into one workflow. */
export const MAX_WORKFLOW_NODES = 20
/** Concepts answered per list when nothing is said, and the most that may be asked for. */
export const DEFAULT_MAX_CONCEPTS = 20
export const MAX_MAX_CONCEPTS = 200
/** Concepts that one list may be narrowed to: as many as one model may know. */
export const MAX_SELECTED_CONCEPTS = 20_000
/** Items in one call of an engine: enough to fill a network's batch, small enough to stay cancellable. */
export const MAX_BATCH_ITEMS = 32
/** Regions of one input on which a node may be run one by one. */
export const MAX_LIFTED_REGIONS = 1000
/** How deep regions inside regions are followed: 2 = a crop of a crop. */
export const MAX_LIFT_DEPTH = 2
/** Frames of one video: ten minutes at the finest sampling of 100 ms. */
export const MAX_VIDEO_FRAMES = 6000
/** Frames of a video that are decoded and in memory at a time. */
export const FRAMES_PER_CHUNK = 16
/** Concepts, regions, frames, embeddings and the like that all nodes may make of one input together. */
export const MAX_OUTPUT_PARTS = 500_000
/** Bytes of encoded pictures that nodes may cut out of the frames of one video together. */
export const MAX_FRAME_PICTURE_BYTES = 64 * 1024 * 1024
