/** Model types that answer in words, piece by piece if wanted. */
export const CHAT_TYPES: readonly string[] = ['text-to-text', 'multimodal-to-text', 'image-to-text']

/** Model types that a server with the interface of OpenAI can serve. */
export const OPENAI_TYPES: readonly string[] = [...CHAT_TYPES, 'text-embedder', 'text-to-image']

/** Model types that a server with the Open Inference Protocol can serve; the last takes and gives tensors as parts. */
export const OIP_TYPES: readonly string[] = [
  'visual-classifier',
  'visual-embedder',
  'text-classifier',
  'text-embedder',
  'text-to-text',
  'any-to-any',
]
