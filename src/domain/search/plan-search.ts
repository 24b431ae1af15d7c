import { AppError } from '../../base/errors.ts'
import { fromTimestamp } from '../../base/timestamps.ts'
import { type Rank, type Search, Search_Metric } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { HITS_MAX } from '../../search/limits.ts'
import type { SearchPlan, SearchScope } from '../../search/plan.ts'
import type { AnnotationClause, AnnotationTest } from '../../store/repos/annotation-conditions.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'
import { findConceptHomes } from './concept-homes.ts'
import { hideDatasets } from './filters/hidden-datasets.ts'
import { planFilters } from './filters/plan.ts'
import { type Wishes, wishesOf } from './legacy.ts'
import { planRanks, type TextRanking } from './ranks.ts'

/** How a search is run. */
export interface SearchKind {
  /** One hit an input, or one an annotation. */
  readonly hits: 'inputs' | 'annotations'
  readonly window: PageWindow
  readonly onlyCount: boolean
}

const ALGORITHMS = ['', 'nearest_neighbor', 'brute_force', 'avg_concept_brute_force', 'full_text', 'hybrid']

/** How the algorithms that are not of the contract take a rank by a text. */
const TEXTS_BY: Readonly<Record<string, TextRanking>> = { full_text: 'words', hybrid: 'both' }

const invalid = (details: string): AppError => new AppError(StatusCode.SEARCH_INVALID_REQUEST, details)

/** Reads a search into what the search process runs; undefined where nothing can be found. Throws AppError 40002. */
export async function planSearch(call: Call, search: Search, kind: SearchKind): Promise<SearchPlan | undefined> {
  checkWay(search)
  checkPage(kind)
  const { filters, ranks } = wishesOf(search)
  const scope = await scopeOf(call, { filters, ranks }, kind.hits, search)
  const planned = await planRanks(call, ranks, {
    texts: TEXTS_BY[search.algorithm] ?? 'likeness',
    conceptHomes: scope.conceptHomes!,
    language: search.query?.language ?? '',
  })
  if (!planned) return undefined
  return {
    scope,
    hits: kind.hits,
    ranks: planned,
    combine: search.algorithm === 'hybrid' ? 'places' : 'mean',
    exact: search.algorithm === 'brute_force' || search.algorithm === 'avg_concept_brute_force',
    minScore: search.minValue,
    offset: kind.window.offset,
    limit: kind.window.limit,
    onlyCount: kind.onlyCount,
  }
}

/** What a search may find: its filters, and what is taken for granted where they do not speak of it. */
export async function scopeOf(
  call: Call,
  { filters, ranks }: Wishes,
  hits: SearchKind['hits'],
  { asOf }: Pick<Search, 'asOf'>,
): Promise<SearchScope> {
  const { clauses: asked, mentions } = planFilters(filters)
  const clauses = await hideDatasets(call, asked)
  const { pk: appPk } = requireApp(call.target)
  return {
    appPk,
    conceptHomes: asksConcepts(clauses, ranks) ? await findConceptHomes(call) : [appPk],
    clauses,
    perAnnotation: hits === 'annotations',
    annotationStatuses: mentions.status ? null : [StatusCode.ANNOTATION_SUCCESS],
    trustedOnly: !mentions.author && asksAnnotations(clauses, hits),
    inputStatuses: mentions.inputStatus ? null : [StatusCode.INPUT_SUCCESS],
    asOf: asOf ? fromTimestamp(asOf) : null,
  }
}

/** Refuses a way to search that there is none of. Throws AppError 40002. */
export function checkWay({ algorithm, metric, minValue }: Search): void {
  if (!ALGORITHMS.includes(algorithm)) {
    throw invalid(
      `There is no algorithm '${algorithm}'; use nearest_neighbor or brute_force, for texts also full_text or hybrid.`,
    )
  }
  if (Search_Metric[metric] === undefined) {
    throw invalid(`There is no metric ${metric}; use EUCLIDEAN_DISTANCE or COSINE_DISTANCE.`)
  }
  if (metric === Search_Metric.COSINE_DISTANCE && algorithm !== 'brute_force') {
    throw invalid('The metric COSINE_DISTANCE needs the algorithm brute_force; set it, or leave the metric out.')
  }
  if (!(minValue >= 0 && minValue <= 1)) throw invalid(`min_value is ${minValue}; use 0 to 1.`)
}

function checkPage({ window, onlyCount }: SearchKind): void {
  if (!onlyCount && window.offset + window.limit > HITS_MAX) {
    throw invalid(`page * perPage cannot exceed ${HITS_MAX}; narrow the search instead.`)
  }
}

const asksConcepts = (clauses: readonly AnnotationClause[], ranks: readonly Rank[]): boolean =>
  clauses.some(({ any }) => any.some(({ is }) => is === 'concept')) ||
  ranks.some(({ annotation }) => (annotation?.data?.concepts.length ?? 0) > 0)

/** Filters of inputs alone do not make a search one of people's annotations. */
function asksAnnotations(clauses: readonly AnnotationClause[], hits: SearchKind['hits']): boolean {
  const tests = clauses.flatMap(({ any }) => any)
  return hits === 'annotations' ? tests.length > 0 : tests.some((test) => !isOfInput(test))
}

const OF_INPUTS: readonly AnnotationTest['is'][] = ['input', 'media', 'dataset', 'input_status', 'id', 'url']

const isOfInput = (test: AnnotationTest): boolean =>
  OF_INPUTS.includes(test.is) || (test.is === 'words' && test.of === 'input')
