import type { MessageInitShape } from '@bufbuild/protobuf'
import type { FilterSchema } from '../../src/contract/index.ts'
import type { DataPlane } from '../kit/data-plane.ts'
import { K } from './corpus.ts'

type Filter = MessageInitShape<typeof FilterSchema>

/** How a search by vector is asked for. */
export interface Asked {
  readonly exact?: boolean
  readonly filters?: readonly Filter[]
}

/** Asks PostInputsSearches for what is near a vector; numbers of inputs, the nearest first. */
export async function near(
  { call, userAppId }: DataPlane,
  vector: Float32Array,
  { exact = false, filters = [] }: Asked = {},
): Promise<number[]> {
  const answer = await call('PostInputsSearches', {
    userAppId,
    searches: [
      {
        algorithm: exact ? 'brute_force' : 'nearest_neighbor',
        query: {
          ranks: [{ annotation: { data: { embeddings: [{ vector: Array.from(vector) }] } } }],
          filters: [...filters],
        },
      },
    ],
    pagination: { page: 1, perPage: K },
  })
  return answer.hits.map(({ input }) => Number(input!.id.slice('made-'.length)))
}

/** Milliseconds of each call. */
export async function timesOf<T>(inputs: readonly T[], call: (input: T) => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (const input of inputs) {
    const start = performance.now()
    await call(input)
    times.push(performance.now() - start)
  }
  return times
}
