import { measureNoop } from './kit/noop.ts'
import type { Result } from './kit/result.ts'

/** A JSON POST through the whole pipeline to a handler that does nothing, against bare fastify. */
export function run(): Promise<Result> {
  return measureNoop({
    name: 'HTTP JSON no-op POST with auth and scopes, vs bare fastify',
    aim: '>= 0.7',
    protocol: 'http',
    connections: 32,
    streams: 1,
    path: '/v2/users/me/apps/bench/concepts',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ concepts: [{ id: 'cat', name: 'cat' }] })),
    baseline: 'servers/bare-fastify.ts',
    baselineArgument: (answer) => answer.toString('utf8'),
  })
}
