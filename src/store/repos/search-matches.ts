import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import { CompiledSelect } from '../compiled-select.ts'
import { IDS_PER_STATEMENT_MAX } from '../limits.ts'
import { inParts } from '../parts.ts'
import type { Row, Schema } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import { type AnnotationClause, meetsClauses } from './annotation-conditions.ts'
import { isOne } from './annotations.ts'

/** What of an app a search may find. */
export interface SearchScope {
  readonly appPk: number
  /** Apps whose concepts annotations may have: the app itself, and those of models; the app alone where it is left out. */
  readonly conceptHomes?: readonly number[]
  /** All must hold: on one annotation in a search of annotations, each on any annotation in one of inputs. */
  readonly clauses: readonly AnnotationClause[]
  /** Whether one annotation has to meet all of them. */
  readonly perAnnotation?: boolean
  /** Statuses that annotations must have; null for any. */
  readonly annotationStatuses: readonly number[] | null
  /** Only annotations that people made, or that were made on their behalf. */
  readonly trustedOnly: boolean
  /** Statuses that inputs must have; null for any. */
  readonly inputStatuses: readonly number[] | null
  /** Nothing newer than this. */
  readonly asOf: Micros | null
}

/** A scope that is asked of rows which the statement names. */
type Asked = SearchScope & { readonly rowsNamed?: boolean }

const ofNamed = (scope: SearchScope): Asked => ({ ...scope, rowsNamed: true })

/** An annotation that fits, with its input. */
export interface FittingAnnotation {
  readonly pk: number
  readonly inputPk: number
}

/** The newest inputs older than `before` that fit, newest first. */
export async function nextInputs(db: Reader, scope: SearchScope, before: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('inputs')
    .select('inputs.pk')
    .where('inputs.app_pk', '=', scope.appPk)
    .where('inputs.pk', '<', before)
    .where((eb) => inputFits(db, eb, scope))
    .orderBy('inputs.pk', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ pk }) => pk)
}

/** The newest inputs older than `before` with a concept of at least a value, newest first; other filters are not asked. */
export async function nextInputsWithConcept(
  db: Reader,
  at: { appPk: number; conceptPk: number; from: number; to: number },
  before: number,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('annotation_concepts')
    .select('input_pk')
    .distinct()
    .where('app_pk', '=', at.appPk)
    .where('concept_pk', '=', at.conceptPk)
    // The plus keeps databases from the index by value, where all rows would have to be sorted for one page.
    .where(sql<number>`+annotation_concepts.value`, '>=', at.from)
    .where(sql<number>`+annotation_concepts.value`, '<=', at.to)
    .where('input_pk', '<', before)
    .orderBy('input_pk', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ input_pk }) => input_pk)
}

/** The newest inputs of a dataset older than `before`, newest first; other filters are not asked. */
export async function nextInputsOfDataset(
  db: Reader,
  datasetPk: number,
  before: number,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('dataset_inputs')
    .select('input_pk')
    .where('dataset_pk', '=', datasetPk)
    .where('input_pk', '<', before)
    .orderBy('input_pk', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ input_pk }) => input_pk)
}

const standings = new CompiledSelect<Pick<Row<'inputs'>, 'pk' | 'app_pk' | 'status_code' | 'created_at'>>((db, pks) =>
  db.selectFrom('inputs').select(['pk', 'app_pk', 'status_code', 'created_at']).where('pk', 'in', pks),
)

/** Those of the inputs that fit. */
export async function fittingInputs(db: Reader, scope: SearchScope, pks: readonly number[]): Promise<Set<number>> {
  const fitting = new Set<number>()
  if (scope.clauses.every(({ any }) => any.length === 0)) {
    for (const part of inParts(pks)) {
      for (const row of await standings.rows(db, part)) {
        if (row.app_pk === scope.appPk && stands(row, scope)) fitting.add(row.pk)
      }
    }
    return fitting
  }
  for (const part of inFewLengths(pks)) {
    const rows = await db
      .selectFrom('inputs')
      .select('inputs.pk')
      .where('inputs.pk', 'in', part)
      .where('inputs.app_pk', '=', scope.appPk)
      .where((eb) => inputFits(db, eb, ofNamed(scope)))
      .execute()
    for (const { pk } of rows) fitting.add(pk)
  }
  return fitting
}

/** The annotations of the inputs that fit, newest first. */
export async function fittingAnnotations(
  db: Reader,
  scope: SearchScope,
  inputPks: readonly number[],
): Promise<FittingAnnotation[]> {
  const fitting: FittingAnnotation[] = []
  for (const part of inFewLengths(inputPks)) {
    const rows = await db
      .selectFrom('annotations')
      .innerJoin('inputs', 'inputs.pk', 'annotations.input_pk')
      .select(['annotations.pk', 'annotations.input_pk'])
      .where('annotations.input_pk', 'in', part)
      .where('inputs.app_pk', '=', scope.appPk)
      .where((eb) => inputStands(eb, scope))
      .where((eb) => annotationFits(db, eb as never, ofNamed(scope), scope.clauses))
      .execute()
    for (const { pk, input_pk } of rows) fitting.push({ pk, inputPk: input_pk })
  }
  return fitting.sort((a, b) => b.inputPk - a.inputPk || b.pk - a.pk)
}

/** Those of the annotations that fit. */
export async function fittingOfAnnotations(
  db: Reader,
  scope: SearchScope,
  pks: readonly number[],
): Promise<Set<number>> {
  const fitting = new Set<number>()
  for (const part of inFewLengths(pks)) {
    const rows = await db
      .selectFrom('annotations')
      .innerJoin('inputs', 'inputs.pk', 'annotations.input_pk')
      .select('annotations.pk')
      .where('annotations.pk', 'in', part)
      .where((eb) => inputStands(eb, scope))
      .where((eb) => annotationFits(db, eb as never, ofNamed(scope), scope.clauses))
      .execute()
    for (const { pk } of rows) fitting.add(pk)
  }
  return fitting
}

/** Inputs that fit after one, in the order of their pks; `also` is asked of them too. */
export async function inputsMatchingAfter(
  db: Reader,
  scope: SearchScope,
  after: number,
  limit: number,
  also?: (eb: OnInputs) => Expression<SqlBool>,
): Promise<number[]> {
  let query = db
    .selectFrom('inputs')
    .select('inputs.pk')
    .where('inputs.app_pk', '=', scope.appPk)
    .where('inputs.pk', '>', after)
    .where((eb) => inputFits(db, eb, scope))
    .orderBy('inputs.pk')
    .limit(limit)
  if (also) query = query.where((eb) => also(eb as never))
  const rows = await query.execute()
  return rows.map(({ pk }) => pk)
}

/** Annotations that fit after one, in the order of their pks. */
export function annotationsAfter(
  db: Reader,
  scope: SearchScope,
  after: number,
  limit: number,
): Promise<Row<'annotations'>[]> {
  return db
    .selectFrom('annotations')
    .selectAll('annotations')
    .innerJoin('inputs', 'inputs.pk', 'annotations.input_pk')
    .where('annotations.app_pk', '=', scope.appPk)
    .where('annotations.pk', '>', after)
    .where((eb) => inputStands(eb as never, scope))
    .where((eb) => annotationFits(db, eb as never, scope, scope.clauses))
    .orderBy('annotations.pk')
    .limit(limit)
    .execute()
}

/** What some users have said about inputs. */
export async function annotationsOfUsers(
  db: Reader,
  inputPks: readonly number[],
  userIds: readonly string[],
): Promise<Row<'annotations'>[]> {
  const found: Row<'annotations'>[] = []
  for (const part of inFewLengths(inputPks)) {
    const rows = await db
      .selectFrom('annotations')
      .selectAll()
      .where('input_pk', 'in', part)
      .where('worker_kind', '=', 'user')
      .where('worker_id', 'in', [...userIds])
      .execute()
    found.push(...rows)
  }
  return found
}

/** How many inputs fit. */
export async function countInputs(db: Reader, scope: SearchScope): Promise<number> {
  const { rows } = await db
    .selectFrom('inputs')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .where('inputs.app_pk', '=', scope.appPk)
    .where((eb) => inputFits(db, eb, scope))
    .executeTakeFirstOrThrow()
  return rows
}

/** Clauses up to which a database may look for the best order of all their tables, which takes longer with each. */
const JOINED_CLAUSES_MAX = 16

type OnInputs = ExpressionBuilder<Pick<Schema, 'inputs'>, 'inputs'>

function inputFits(db: Reader, eb: ExpressionBuilder<Schema, 'inputs'>, scope: Asked): Expression<SqlBool> {
  const clauses = scope.clauses.filter(({ any }) => any.length > 0)
  const some = (meeting: readonly AnnotationClause[]): Expression<SqlBool> =>
    eb.exists(
      eb
        .selectFrom('annotations')
        .select('annotations.pk')
        .whereRef('annotations.input_pk', '=', 'inputs.pk')
        .where((inner) => annotationFits(db, inner as never, scope, meeting))
        // With an offset each is asked for itself.
        .$if(clauses.length > JOINED_CLAUSES_MAX, (asked) => asked.limit(1).offset(0)),
    )
  const stands = inputStands(eb as never, scope)
  if (scope.perAnnotation) return clauses.length === 0 ? stands : eb.and([stands, some(clauses)])
  // An input without the concept is one that has no annotation with it.
  const each = clauses.map((clause) => {
    const met = some([{ ...clause, negate: false }])
    return clause.negate ? eb.not(met) : met
  })
  return eb.and([stands, ...each])
}

/** What `inputStands` asks, of a row that was read. */
const stands = (
  row: Pick<Row<'inputs'>, 'status_code' | 'created_at'>,
  { inputStatuses, asOf }: SearchScope,
): boolean =>
  (inputStatuses ? inputStatuses.includes(row.status_code) : row.status_code >= 0) &&
  (asOf === null || row.created_at <= asOf)

/** The condition on rows of `inputs` that they may be found. */
export function inputStands(eb: OnInputs, { inputStatuses, asOf }: SearchScope): Expression<SqlBool> {
  return eb.and([
    // Those that are being deleted have one below 0.
    inputStatuses ? eb('inputs.status_code', 'in', inputStatuses) : eb('inputs.status_code', '>=', 0),
    ...(asOf === null ? [] : [eb('inputs.created_at', '<=', asOf)]),
  ])
}

/** The condition on rows of `annotations` that they may be looked at and meet clauses. */
export function annotationFits(
  db: Reader,
  eb: ExpressionBuilder<Schema, 'annotations'>,
  { appPk, conceptHomes, rowsNamed = false, annotationStatuses, trustedOnly, asOf }: Asked,
  clauses: readonly AnnotationClause[],
): Expression<SqlBool> {
  return eb.and([
    ...(annotationStatuses ? [eb('annotations.status_code', 'in', annotationStatuses)] : []),
    ...(trustedOnly ? [isOne('trusted')] : []),
    ...(asOf === null ? [] : [eb('annotations.created_at', '<=', asOf)]),
    meetsClauses(db, eb, { appPk, conceptHomes, rowsNamed }, clauses),
  ])
}

/** Pk of a dataset of the app. */
export async function datasetPkNamed(db: Reader, appPk: number, id: string): Promise<number | undefined> {
  const query = db.selectFrom('datasets').select('pk').where('app_pk', '=', appPk).where('id', '=', id)
  return (await query.executeTakeFirst())?.pk
}

/** Lists have few lengths, the last pk again and again at their end, so that few statements are made ready. */
function* inFewLengths(pks: readonly number[]): Generator<number[]> {
  for (const part of inParts(pks)) {
    const length = Math.min(IDS_PER_STATEMENT_MAX, 2 ** Math.ceil(Math.log2(part.length)))
    while (part.length < length) part.push(part.at(-1)!)
    yield part
  }
}
