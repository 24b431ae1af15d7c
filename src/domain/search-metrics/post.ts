import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import {
  type AnnotationSearchMetrics,
  AnnotationSearchMetricsSchema,
  type Concept,
  DataSchema,
  EvaluationType,
  type Search,
} from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { DuplicateKey } from '../../store/errors.ts'
import { annotationSearchMetrics, concepts } from '../../store/repos/families.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { planFilters } from '../search/filters/plan.ts'
import { wishesOf } from '../search/legacy.ts'
import { checkWay } from '../search/plan-search.ts'
import { savedPart } from '../search/saved.ts'
import { searchMetricsJob } from './job.ts'
import { METRICS_CONCEPTS_MAX } from './limits.ts'
import { presentMetrics } from './present.ts'

const invalid = (details: string): AppError => new AppError(StatusCode.SEARCH_INVALID_REQUEST, details)

const TASKS: Readonly<Partial<Record<EvaluationType, 'classification' | 'detection'>>> = {
  [EvaluationType.Undefined]: 'classification',
  [EvaluationType.Classification]: 'classification',
  [EvaluationType.Detection]: 'detection',
}

/** Has the labels that two searches of annotations find compared, by a job; answers what there is of it already. */
export async function postSearchMetrics(
  call: Call,
  request: RequestOf<'PostAnnotationSearchMetrics'>,
): Promise<AnnotationSearchMetrics> {
  const app = requireApp(call.target)
  const id = request.id || newId()
  checkId(id, 'comparison', StatusCode.SEARCH_INVALID_REQUEST)
  const task = TASKS[request.evaluationType]
  if (!task) {
    throw invalid('Searches are compared as Classification or Detection alone; set evaluation_type to one of them.')
  }
  const groundTruth = checkSearch('ground_truth', request.groundTruth)
  const searchToEval = checkSearch('search_to_eval', request.searchToEval)
  const compared = await conceptsOf(call, request.data?.concepts ?? [])
  const doc = encodeDoc(
    create(AnnotationSearchMetricsSchema, {
      groundTruth,
      searchToEval,
      data: create(DataSchema, { concepts: compared }),
      activeConceptCount: compared.length,
    }),
  )
  const { db, jobs, clock } = call.services
  try {
    const row = await db.transact(async (tx) => {
      const now = clock.now()
      const status_code = StatusCode.MODEL_QUEUED_FOR_EVALUATION
      const made = { app_pk: app.pk, id, doc, status_code, created_at: now, modified_at: now }
      const row = await annotationSearchMetrics.insert(tx, made)
      await jobs.enqueue(tx, searchMetricsJob, { metricsPk: row.pk, task }, { appPk: app.pk })
      return row
    })
    return presentMetrics(row, app, 'all')
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error
    throw new AppError(
      StatusCode.DATABASE_DUPLICATE_KEY,
      `A comparison of searches with the id '${id}' already exists; choose another id, or delete it first.`,
    )
  }
}

function checkSearch(field: string, search: Search | undefined): Search {
  if (!search) throw invalid(`The comparison lacks ${field}; send a search of annotations.`)
  checkWay(search)
  const { filters, ranks } = wishesOf(search)
  planFilters(filters)
  if (ranks.some(({ annotation }) => annotation !== undefined)) {
    throw invalid(`The search in ${field} has ranks; compare what filters find.`)
  }
  return savedPart(search)
}

/** The concepts that are named, or all of the app. Throws AppError 40002 for unknown ones and for too many. */
async function conceptsOf(call: Call, named: readonly Concept[]): Promise<Concept[]> {
  const { read } = call.services.db
  const { pk } = requireApp(call.target)
  const ids = [...new Set(named.map(({ id, name }) => id || name))]
  const rows =
    ids.length === 0
      ? await concepts.list(read, {
          parent: pk,
          limit: METRICS_CONCEPTS_MAX + 1,
          offset: 0,
          orderBy: { column: 'pk', direction: 'asc' },
        })
      : [...(await concepts.getMany(read, pk, ids)).values()]
  const unknown = ids.find((id) => !rows.some((row) => row.id === id))
  if (unknown !== undefined) throw invalid(`The app has no concept '${unknown}' to compare by; name those it has.`)
  if (rows.length === 0) throw invalid('The app has no concepts to compare by; label some annotations first.')
  if (rows.length > METRICS_CONCEPTS_MAX) {
    throw invalid(`There are more than ${METRICS_CONCEPTS_MAX} concepts; name those to compare by in data.concepts.`)
  }
  return rows.map(({ id, name }) => ({ id, name, value: 1 }) as Concept)
}
