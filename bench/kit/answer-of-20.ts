import { create } from '@bufbuild/protobuf'
import { type MultiOutputResponse, MultiOutputResponseSchema, StatusCode } from '../../src/contract/index.ts'

const at = { seconds: 1_700_000_000n, nanos: 608_845_000 }

/** A prediction's answer with 20 concepts, as large as the real ones. */
export function answerOf20(): MultiOutputResponse {
  const status = { code: StatusCode.SUCCESS, description: 'Ok', reqId: '0123456789abcdef0123456789abcdef' }
  const concepts = Array.from({ length: 20 }, (_, i) => ({
    id: `ai_6kTjGfF${i}`,
    name: `concept ${i}`,
    value: Math.fround(1 / (1 + i * 0.137)),
    appId: 'main',
    language: 'en',
  }))
  const modelVersion = {
    id: 'aa7f35c01e0642fda5cf400f543e7c40',
    createdAt: at,
    status: { code: StatusCode.MODEL_TRAINED },
  }
  const model = {
    id: 'general-image-recognition',
    name: 'Image Recognition',
    createdAt: at,
    appId: 'main',
    modelVersion,
  }
  const input = { id: 'i', data: { image: { url: 'https://samples.clarifai.com/metro-north.jpg' } } }
  return create(MultiOutputResponseSchema, {
    status,
    outputs: [{ id: 'o', status, createdAt: at, model, input, data: { concepts } }],
  })
}
