import { type RawBuilder, sql } from 'kysely'
import type { Reader } from '../session.ts'
import { type AnnotationClause, type AnnotationTest, isNear, isWithin, positiveFrom } from './annotation-conditions.ts'
import { clusterTerm, MANY, termOfFilter } from './annotation-terms.ts'
import type { SearchScope } from './search-matches.ts'

/** A statement that gives, as `input_pk`, all inputs that may meet a clause, read from an index; one may come twice. */
export type CandidateSource = RawBuilder<{ input_pk: number }>

/** Where the inputs that may meet a clause are found; undefined where only a look at each input tells. */
export function sourceOfClause(db: Reader, scope: SearchScope, clause: AnnotationClause): CandidateSource | undefined {
  if (clause.negate || clause.any.length === 0) return undefined
  const sources = clause.any.map((test) => sourceOfTest(db, scope, test))
  if (sources.some((source) => source === undefined)) return undefined
  return unionOf(sources as CandidateSource[])
}

/** Sources in one union; SQLite takes at most 500. */
const UNITED_MAX = 250

/** All of some sources; of many by unions of unions. */
function unionOf(sources: readonly CandidateSource[]): CandidateSource {
  if (sources.length <= UNITED_MAX) return sql`${sql.join([...sources], sql` union all `)}`
  const parts: CandidateSource[] = []
  for (let at = 0; at < sources.length; at += UNITED_MAX) {
    parts.push(sql`select input_pk from (${unionOf(sources.slice(at, at + UNITED_MAX))}) as united`)
  }
  return unionOf(parts)
}

function sourceOfTest(
  db: Reader,
  { appPk, conceptHomes = [appPk] }: SearchScope,
  test: AnnotationTest,
): CandidateSource | undefined {
  switch (test.is) {
    case 'input':
      return sql`select pk as input_pk from inputs where app_pk = ${appPk} and id = ${test.id}`
    case 'url':
      return sql`select input_pk from input_urls where app_pk = ${appPk} and url_hash = ${test.hash}`
    case 'dataset':
      return sql`select dataset_inputs.input_pk from datasets
        inner join dataset_inputs on dataset_inputs.dataset_pk = datasets.pk
        where datasets.app_pk = ${appPk} and datasets.id = ${test.id}`
    case 'task':
      return sql`select input_pk from annotations where app_pk = ${appPk} and task_id = ${test.id}`
    case 'worker':
      return sql`select input_pk from annotations where app_pk = ${appPk} and worker_id = ${test.id}`
    case 'concept': {
      const named = test.id === '' ? sql`concepts.name = ${test.name}` : sql`concepts.id = ${test.id}`
      const value = test.value === 0 ? sql`value = 0` : sql`value >= ${positiveFrom(test.value)}`
      return sql`select input_pk from annotation_concepts where app_pk = ${appPk} and ${value}
        and concept_pk in (select concepts.pk from concepts where concepts.app_pk in (${sql.join(conceptHomes)}) and ${named})`
    }
    case 'near':
      return sql`select input_pk from annotation_geos where app_pk = ${appPk} and ${isNear(test)}`
    case 'within':
      return sql`select input_pk from annotation_geos where app_pk = ${appPk} and ${isWithin(test.box)}`
    case 'contains': {
      const term = test.field === 'metadata' ? termOfFilter(test.value) : undefined
      return term === undefined ? undefined : withTerm(appPk, term)
    }
    case 'cluster':
      return withTerm(appPk, clusterTerm(test.id))
    case 'words':
      return sql`select texts.input_pk from texts where ${db.ops.textMatches(appPk, test.query)}`
    default:
      return undefined
  }
}

const withTerm = (appPk: number, term: string): CandidateSource =>
  sql`select input_pk from annotation_terms where app_pk = ${appPk} and term in (${term}, ${MANY})`

/** How many rows a source has, counted up to a number of them. */
export async function countSource(db: Reader, source: CandidateSource, max: number): Promise<number> {
  const { rows } = await sql<{ rows: number }>`select count(*) as ${sql.id('rows')}
    from (select input_pk from (${source}) as candidates limit ${max}) as counted`.execute(db)
  return rows[0]!.rows
}

/** All inputs of a source, each once, the newest first. */
export async function inputsOfSource(db: Reader, source: CandidateSource): Promise<number[]> {
  const { rows } = await sql<{ input_pk: number }>`select distinct input_pk from (${source}) as candidates
    order by input_pk desc`.execute(db)
  return rows.map(({ input_pk }) => input_pk)
}

/** The newest inputs older than `before` that are in all of the sources, newest first. */
export async function inputsOfAll(
  db: Reader,
  sources: readonly CandidateSource[],
  before: number,
  limit: number,
): Promise<number[]> {
  const each = sources.map((source) => sql`select input_pk from (${source}) as candidates`)
  const { rows } = await sql<{ input_pk: number }>`select input_pk from (${sql.join(each, sql` intersect `)}) as common
    where input_pk < ${before} order by input_pk desc limit ${limit}`.execute(db)
  return rows.map(({ input_pk }) => input_pk)
}
