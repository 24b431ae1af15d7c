import { create, type JsonObject } from '@bufbuild/protobuf'
import { type Data, DataSchema, RankSchema, type Search, SearchSchema } from '../../../contract/index.ts'
import { Scope } from '../../../contract/methods.ts'
import type { PlannedHit } from '../../../search/plan.ts'
import { demandScope } from '../../access/demand.ts'
import type { Call } from '../../call.ts'
import { runSearch } from '../run-search.ts'

/** Which of the hits are wanted, from the parameters of a node. */
export interface HitLimits {
  readonly minScore: number
  readonly maxResults: number
}

/** Reads the limits; they were checked when the model was made. */
export const hitLimits = ({ min_score: minScore, max_results: maxResults }: JsonObject): HitLimits => ({
  minScore: typeof minScore === 'number' ? minScore : 0,
  maxResults: typeof maxResults === 'number' ? maxResults : 10,
})

/** Inputs of the call's app that are like some data: like its vector where it has one, else like its medium. */
export async function inputsLike(
  call: Call,
  data: Data,
  { minScore, maxResults }: HitLimits,
): Promise<readonly PlannedHit[]> {
  demandScope(call.target, Scope.Search)
  const [embedding] = data.embeddings
  const { image, text } = data
  const asked = create(DataSchema, embedding ? { embeddings: [embedding] } : image ? { image } : { text })
  const search: Search = create(SearchSchema, {
    query: { ranks: [create(RankSchema, { annotation: { data: asked } })] },
    minValue: minScore,
  })
  const window = { limit: maxResults, offset: 0 }
  return (await runSearch(call, search, { hits: 'inputs', window, onlyCount: false })).hits
}
