import { create } from '@bufbuild/protobuf'
import { encodeMessage } from '../src/contract/binary/index.ts'
import { PostConceptsRequestSchema } from '../src/contract/index.ts'
import { measureNoop } from './kit/noop.ts'
import type { Result } from './kit/result.ts'

/** A unary gRPC call through the whole pipeline to a handler that does nothing, against bare grpc-js. */
export function run(): Promise<Result> {
  const request = create(PostConceptsRequestSchema, {
    userAppId: { userId: 'me', appId: 'bench' },
    concepts: [{ id: 'cat', name: 'cat' }],
  })
  return measureNoop({
    name: 'gRPC empty unary with auth and scopes, vs bare grpc-js',
    aim: '>= 0.8',
    protocol: 'grpc',
    connections: 4,
    streams: 16,
    path: '/clarifai.api.V2/PostConcepts',
    headers: {},
    body: Buffer.from(encodeMessage(PostConceptsRequestSchema, request)),
    baseline: 'servers/bare-grpc-js.ts',
    baselineArgument: (answer) => answer.toString('base64'),
  })
}
