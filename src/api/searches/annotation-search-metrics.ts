import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { requireApp } from '../../domain/access/target.ts'
import { METRICS_LISTED_MAX } from '../../domain/search-metrics/limits.ts'
import { postSearchMetrics } from '../../domain/search-metrics/post.ts'
import { presentMetrics } from '../../domain/search-metrics/present.ts'
import { annotationSearchMetrics } from '../../store/repos/families.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'PostAnnotationSearchMetrics'
  | 'GetAnnotationSearchMetrics'
  | 'ListAnnotationSearchMetrics'
  | 'DeleteAnnotationSearchMetrics'

const missing = (id: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no comparison of searches '${id}'; list those that exist.`)

/** Comparisons of the labels that two searches of annotations find. */
export const annotationSearchMetricsRpcs: Pick<Registry, Rpcs> = {
  PostAnnotationSearchMetrics: async (request, call) => ({
    annotationSearchMetrics: [await postSearchMetrics(call, request)],
  }),
  GetAnnotationSearchMetrics: async ({ id }, call) => {
    const app = requireApp(call.target)
    const row = await annotationSearchMetrics.get(call.services.db.read, app.pk, id)
    if (!row) throw missing(id)
    return { annotationSearchMetrics: [presentMetrics(row, app, 'all')] }
  },
  ListAnnotationSearchMetrics: async (_request, call) => {
    const app = requireApp(call.target)
    const orderBy = { column: 'created_at', direction: 'desc' } as const
    const page = { parent: app.pk, orderBy, limit: METRICS_LISTED_MAX }
    const rows = await annotationSearchMetrics.list(call.services.db.read, page)
    return { annotationSearchMetrics: rows.map((row) => presentMetrics(row, app, 'summary')) }
  },
  DeleteAnnotationSearchMetrics: async ({ id }, call) => {
    const app = requireApp(call.target)
    const gone = await call.services.db.transact((tx) => annotationSearchMetrics.deleteMany(tx, app.pk, [id]))
    if (gone.length === 0) throw missing(id)
    return {}
  },
}
