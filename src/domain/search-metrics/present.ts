import { create } from '@bufbuild/protobuf'
import { type AnnotationSearchMetrics, AnnotationSearchMetricsSchema, EvalMetricsSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { AppRef, UserRef } from '../access/principal.ts'
import { itemStatus } from '../predict/answer.ts'

/** A comparison of searches as a message: all of it, or its summary as lists have it. */
export function presentMetrics(
  row: Row<'annotation_search_metrics'>,
  app: AppRef & { readonly user: UserRef },
  wish: 'all' | 'summary',
): AnnotationSearchMetrics {
  const message = decodeDoc(AnnotationSearchMetricsSchema, row.doc)
  const found = message.metrics ?? create(EvalMetricsSchema)
  const metrics = wish === 'all' ? found : create(EvalMetricsSchema, { summary: found.summary })
  metrics.id = row.id
  metrics.appId = app.id
  metrics.userId = app.user.id
  metrics.status = itemStatus(row.status_code as StatusCode, found.status?.details ?? '')
  message.metrics = metrics
  return message
}
