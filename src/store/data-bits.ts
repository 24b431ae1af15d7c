/** What an input holds, as bits of `inputs.kinds`. */
export const INPUT_KINDS = { image: 1, video: 2, audio: 4, text: 8 } as const

/**
 * What an annotation holds, as bits of `annotations.shapes`. `tags` are concepts of the whole input or frame, without
 * a place in it; `embeddings` are at any place, other data at its own.
 */
export const SHAPES = {
  tags: 1,
  bounding_box: 2,
  mask: 4,
  point: 8,
  polygon: 16,
  span: 32,
  token: 64,
  keypoints: 128,
  frame: 256,
  time_segment: 512,
  text: 1024,
  embeddings: 2048,
  clusters: 4096,
  track: 8192,
  metadata: 16_384,
  geo: 32_768,
} as const

/** Where in an annotation a concept is, as `annotation_concepts.place`. */
export const CONCEPT_PLACES = { whole: 0, region: 1, frame: 2, time_segment: 3 } as const
