import type { JsonObject } from '@bufbuild/protobuf'
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { WordQuery } from '../../base/words.ts'
import type { Schema, WorkerKind } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import { isOne } from './annotations.ts'

/** One thing that an annotation, or the input that it is about, may be asked for. */
export type AnnotationTest =
  | { readonly is: 'id' | 'input' | 'task' | 'track' | 'cluster' | 'dataset'; readonly id: string }
  | { readonly is: 'worker'; readonly kind: WorkerKind; readonly id: string }
  | { readonly is: 'input_level' | 'trusted' }
  | { readonly is: 'status' | 'input_status'; readonly code: number }
  /** Data of one of these SHAPES. */
  | { readonly is: 'shapes'; readonly any: number }
  /** Data of none of these SHAPES. */
  | { readonly is: 'no_shapes'; readonly none: number }
  /** One of these INPUT_KINDS. */
  | { readonly is: 'media'; readonly any: number }
  | { readonly is: 'concept'; readonly id: string; readonly name: string; readonly value: number }
  /** Free JSON that holds what is given, at the same place. */
  | { readonly is: 'contains'; readonly field: 'metadata' | 'annotation_info'; readonly value: JsonObject }
  | { readonly is: 'near'; readonly latitude: number; readonly longitude: number; readonly radians: number }
  | { readonly is: 'within'; readonly box: GeoBounds }
  /** A text that holds words: the annotation's, or the input's own. */
  | { readonly is: 'words'; readonly of: 'annotation' | 'input'; readonly query: WordQuery }
  /** The address that the input came from, by its hash. */
  | { readonly is: 'url'; readonly hash: string }
  | { readonly is: 'changed'; readonly from: Micros | undefined; readonly to: Micros | undefined }

export interface GeoBounds {
  readonly south: number
  readonly west: number
  readonly north: number
  readonly east: number
}

/** Tests of which one must hold, or none when it is negated; without tests everything passes. */
export interface AnnotationClause {
  readonly any: readonly AnnotationTest[]
  readonly negate: boolean
}

type Builder = ExpressionBuilder<Schema, 'annotations'>

/** From this value on a label counts as positive, unless a filter asks for less. */
const POSITIVE_FROM = 0.5

/** The lowest value of a label that meets a filter by a value above 0. */
export const positiveFrom = (value: number): number => Math.min(value, POSITIVE_FROM)

/** Where conditions are asked. */
export interface AskedIn {
  readonly appPk: number
  /** Apps whose concepts are meant; the app itself where it is left out. */
  readonly conceptHomes?: readonly number[]
  /** The statement names its rows: what each of them has is looked up, instead of making a list of all that have it. */
  readonly rowsNamed?: boolean
}

/** The condition on rows of `annotations` of an app that all clauses hold. */
export function meetsClauses(
  db: Reader,
  eb: Builder,
  at: AskedIn,
  clauses: readonly AnnotationClause[],
): Expression<SqlBool> {
  const all = clauses
    .filter(({ any }) => any.length > 0)
    .map(({ any, negate }) => {
      const holds = anyOf(
        eb,
        any.map((test) => meets(db, eb, at, test)),
      )
      return negate ? eb.not(holds) : holds
    })
  return eb.and(all)
}

/** Alternatives in one pair of brackets; SQLite reads each as one level deeper, and at most 1,000 levels. */
const ALTERNATIVES_MAX = 100

function anyOf(eb: Builder, conditions: readonly Expression<SqlBool>[]): Expression<SqlBool> {
  if (conditions.length <= ALTERNATIVES_MAX) return eb.or([...conditions])
  const parts: Expression<SqlBool>[] = []
  for (let at = 0; at < conditions.length; at += ALTERNATIVES_MAX) {
    parts.push(eb.or(conditions.slice(at, at + ALTERNATIVES_MAX)))
  }
  return anyOf(eb, parts)
}

function meets(db: Reader, eb: Builder, at: AskedIn, test: AnnotationTest): Expression<SqlBool> {
  const { appPk } = at
  const doc = sql.ref<string>('annotations.doc')
  switch (test.is) {
    case 'id':
      return eb('annotations.id', '=', test.id)
    case 'input':
      return ofInput(eb, (inputs) => inputs.where('inputs.app_pk', '=', appPk).where('inputs.id', '=', test.id))
    case 'task':
      return eb('annotations.task_id', '=', test.id)
    case 'track':
      return eb('annotations.track_id', '=', test.id)
    case 'cluster':
      return db.ops.jsonContains(doc, ['data', 'clusters'], [{ id: test.id }])
    case 'dataset':
      return at.rowsNamed
        ? eb.exists(inDataset(eb, appPk, test.id).whereRef('dataset_inputs.input_pk', '=', 'annotations.input_pk'))
        : eb('annotations.input_pk', 'in', inDataset(eb, appPk, test.id))
    case 'worker':
      return eb.and([eb('annotations.worker_kind', '=', test.kind), eb('annotations.worker_id', '=', test.id)])
    case 'input_level':
    case 'trusted':
      return isOne(test.is)
    case 'status':
      return eb('annotations.status_code', '=', test.code)
    case 'input_status':
      return ofInput(eb, (inputs) => inputs.where('inputs.status_code', '=', test.code))
    case 'shapes':
      return sql<SqlBool>`annotations.shapes & ${sql.lit(test.any)} <> 0`
    case 'no_shapes':
      return sql<SqlBool>`annotations.shapes & ${sql.lit(test.none)} = 0`
    case 'media':
      return ofInput(eb, (inputs) => inputs.where(sql<SqlBool>`inputs.kinds & ${sql.lit(test.any)} <> 0`))
    case 'concept':
      return at.rowsNamed
        ? eb.exists(withConcept(eb, at, test).whereRef('annotation_concepts.annotation_pk', '=', 'annotations.pk'))
        : eb('annotations.pk', 'in', withConcept(eb, at, test).where('annotation_concepts.app_pk', '=', at.appPk))
    case 'contains':
      return db.ops.jsonContains(doc, test.field === 'metadata' ? ['data', 'metadata'] : [test.field], test.value)
    case 'near':
      return eb('annotations.pk', 'in', geosOf(eb, appPk).where(isNear(test)))
    case 'within':
      return eb('annotations.pk', 'in', geosOf(eb, appPk).where(isWithin(test.box)))
    case 'words':
      return withWords(db, eb, appPk, test)
    case 'url':
      return eb(
        'annotations.input_pk',
        'in',
        eb
          .selectFrom('input_urls')
          .select('input_urls.input_pk')
          .where('input_urls.app_pk', '=', appPk)
          .where('input_urls.url_hash', '=', test.hash),
      )
    case 'changed':
      return eb.and([
        ...(test.from === undefined ? [] : [eb('annotations.modified_at', '>=', test.from)]),
        ...(test.to === undefined ? [] : [eb('annotations.modified_at', '<=', test.to)]),
      ])
  }
}

const inputPks = (eb: Builder) =>
  eb.selectFrom('inputs').select('inputs.pk').whereRef('inputs.pk', '=', 'annotations.input_pk')

const ofInput = (
  eb: Builder,
  narrow: (inputs: ReturnType<typeof inputPks>) => ReturnType<typeof inputPks>,
): Expression<SqlBool> => eb.exists(narrow(inputPks(eb)))

const inDataset = (eb: Builder, appPk: number, id: string) =>
  eb
    .selectFrom('dataset_inputs')
    .innerJoin('datasets', 'datasets.pk', 'dataset_inputs.dataset_pk')
    .select('dataset_inputs.input_pk')
    .where('datasets.app_pk', '=', appPk)
    .where('datasets.id', '=', id)

function withConcept(
  eb: Builder,
  { appPk, conceptHomes = [appPk] }: AskedIn,
  { id, name, value }: Extract<AnnotationTest, { is: 'concept' }>,
) {
  const named = eb
    .selectFrom('concepts')
    .select('concepts.pk')
    .where('concepts.app_pk', 'in', [...conceptHomes])
  const concepts = id === '' ? named.where('concepts.name', '=', name) : named.where('concepts.id', '=', id)
  const labels = eb
    .selectFrom('annotation_concepts')
    .select('annotation_concepts.annotation_pk')
    .where('annotation_concepts.concept_pk', 'in', concepts)
  return value === 0
    ? labels.where('annotation_concepts.value', '=', 0)
    : labels.where('annotation_concepts.value', '>=', positiveFrom(value))
}

// The input-level annotation is where an input's own text stands.
function withWords(
  db: Reader,
  eb: Builder,
  appPk: number,
  { of, query }: Extract<AnnotationTest, { is: 'words' }>,
): Expression<SqlBool> {
  const texts = eb
    .selectFrom('texts')
    .select('texts.pk')
    .whereRef('texts.input_pk', '=', 'annotations.input_pk')
    .where(db.ops.textMatches(appPk, query))
  const own = texts.where('texts.annotation_pk', 'is', null)
  if (of === 'input') return eb.exists(own)
  return eb.or([
    eb.exists(texts.whereRef('texts.annotation_pk', '=', 'annotations.pk')),
    eb.and([isOne('input_level'), eb.exists(own)]),
  ])
}

const geosOf = (eb: Builder, appPk: number) =>
  eb.selectFrom('annotation_geos').select('annotation_geos.annotation_pk').where('annotation_geos.app_pk', '=', appPk)

// By the haversine formula; the latitudes come first as there is an index on them.
/** True for rows of `annotation_geos` that are near a place. */
export function isNear({ latitude, longitude, radians }: Extract<AnnotationTest, { is: 'near' }>): Expression<SqlBool> {
  const reach = (radians * 180) / Math.PI
  const half = (degrees: Expression<number>) => sql<number>`power(sin(radians(${degrees}) / 2), 2)`
  const rows = half(sql<number>`annotation_geos.latitude - ${latitude}`)
  const columns = half(sql<number>`annotation_geos.longitude - ${longitude}`)
  const cosines = sql<number>`cos(radians(annotation_geos.latitude)) * cos(radians(${latitude}))`
  const limit = Math.sin(Math.min(radians, Math.PI) / 2) ** 2
  return sql<SqlBool>`(annotation_geos.latitude between ${latitude - reach} and ${latitude + reach}
    and ${rows} + ${cosines} * ${columns} <= ${limit})`
}

/** True for rows of `annotation_geos` in a box. */
export function isWithin({ south, west, north, east }: GeoBounds): Expression<SqlBool> {
  return sql<SqlBool>`(annotation_geos.latitude between ${south} and ${north}
    and annotation_geos.longitude between ${west} and ${east})`
}
