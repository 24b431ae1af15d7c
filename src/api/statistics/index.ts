import { readPage } from '../../domain/resource/paging.ts'
import { aggregate, postStatValues } from '../../domain/statistics/stat-values.ts'
import { listViews, postView } from '../../domain/statistics/views.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PostStatValues' | 'PostStatValuesAggregate' | 'PostTrendingMetricsView' | 'ListTrendingMetricsViews'

/** Values that callers count, and what was looked at most. */
export const statisticsFamily: Pick<Registry, Rpcs> = {
  PostStatValues: async ({ statValues }, call) => ({ statValues: await postStatValues(call, statValues) }),
  PostStatValuesAggregate: async ({ statValueAggregateQueries }, call) => ({
    statValueAggregateResults: await aggregate(call, statValueAggregateQueries),
  }),
  PostTrendingMetricsView: async ({ viewType, objectId }, call) => {
    await postView(call, viewType, objectId)
    return {}
  },
  ListTrendingMetricsViews: async (request, call) => ({
    metrics: await listViews(call, request.viewType, readPage(request)),
  }),
}
