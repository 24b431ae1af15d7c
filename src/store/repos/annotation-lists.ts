import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { inParts } from '../parts.ts'
import type { Row, Schema, WorkerKind } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { isOne } from './annotations.ts'

/** What a list of annotations is narrowed by; absent means any. */
export interface AnnotationListFilter {
  /** Exactly these, each by its input and its id. */
  readonly pairs?: readonly { readonly inputPk: number; readonly id: string }[]
  readonly inputPks?: readonly number[]
  /** Made by one of these. */
  readonly workers?: readonly { readonly kind: WorkerKind; readonly ids: readonly string[] }[]
  readonly statusCodes?: readonly number[]
  readonly trustedOnly?: boolean
  readonly taskId?: string
}

type Builder = ExpressionBuilder<Schema, 'annotations'>

/**
 * Whether the inputs alone shall find the annotations: of a task on a few inputs. The other conditions are then said as
 * expressions, which no index answers, as SQLite would rather read all annotations of the task or of the worker.
 */
const byInputsAlone = ({ inputPks, taskId }: AnnotationListFilter): boolean =>
  inputPks !== undefined && taskId !== undefined

const inApp = (eb: Builder, appPk: number, filter: AnnotationListFilter): Expression<SqlBool> =>
  eb(byInputsAlone(filter) ? sql<number>`${sql.ref('app_pk')} + 0` : eb.ref('app_pk'), '=', appPk)

const NEVER = sql<SqlBool>`1 = 0`

function conditions(eb: Builder, filter: AnnotationListFilter): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = []
  const { pairs, inputPks, workers, statusCodes, taskId } = filter
  const id = byInputsAlone(filter) ? sql<string>`${sql.ref('worker_id')} || ''` : eb.ref('worker_id')
  if (pairs) {
    const each = pairs.map(({ inputPk, id }) => eb.and([eb('input_pk', '=', inputPk), eb('id', '=', id)]))
    all.push(each.length === 0 ? NEVER : eb.or(each))
  }
  if (inputPks) all.push(inputPks.length === 0 ? NEVER : eb('input_pk', 'in', inputPks))
  if (workers) {
    all.push(eb.or(workers.map(({ kind, ids }) => eb.and([eb('worker_kind', '=', kind), eb(id, 'in', ids)]))))
  }
  if (statusCodes) all.push(eb('status_code', 'in', statusCodes))
  if (filter.trustedOnly) all.push(isOne('trusted'))
  if (taskId !== undefined) {
    all.push(eb(byInputsAlone(filter) ? sql<string>`${sql.ref('task_id')} || ''` : eb.ref('task_id'), '=', taskId))
  }
  return all
}

/** One page of an app's annotations in the order of their making, the oldest or the newest first. */
export async function listAnnotationRows(
  db: Reader,
  appPk: number,
  filter: AnnotationListFilter,
  page: { readonly newestFirst: boolean; readonly limit: number; readonly offset: number },
): Promise<Row<'annotations'>[]> {
  return db
    .selectFrom('annotations')
    .selectAll()
    .where((eb) => inApp(eb, appPk, filter))
    .where((eb) => eb.and(conditions(eb, filter)))
    .orderBy('pk', page.newestFirst ? 'desc' : 'asc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** Documents of an input's annotations in which a text stands, those of the newest annotations first. */
export async function documentsNaming(db: Reader, inputPk: number, text: string): Promise<string[]> {
  const rows = await db
    .selectFrom('annotations')
    .select('doc')
    .where('input_pk', '=', inputPk)
    .where(db.ops.contains(sql.ref('doc'), JSON.stringify(text).slice(1, -1)))
    .orderBy('pk', 'desc')
    .execute()
  return rows.map(({ doc }) => doc)
}

/** Which of the ids annotations of the inputs have already, as `inputPk id`. */
export async function takenAnnotationIds(
  db: Reader,
  inputPks: readonly number[],
  ids: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>()
  if (inputPks.length === 0) return found
  for (const part of inParts(ids)) {
    const rows = await db
      .selectFrom('annotations')
      .select(['input_pk', 'id'])
      .where('input_pk', 'in', inputPks)
      .where('id', 'in', part)
      .execute()
    for (const { input_pk, id } of rows) found.add(`${input_pk} ${id}`)
  }
  return found
}

/** Pks of the annotations of inputs that are not the inputs' own, a part at a time; of one user alone where one is named. */
export async function removableAnnotations(
  db: Reader,
  inputPks: readonly number[],
  userId: string | undefined,
  limit: number,
): Promise<number[]> {
  let query = db
    .selectFrom('annotations')
    .select('pk')
    .where('input_pk', 'in', inputPks)
    .where('input_level', '=', 0)
    .limit(limit)
  if (userId !== undefined) query = query.where('worker_kind', '=', 'user').where('worker_id', '=', userId)
  return (await query.execute()).map(({ pk }) => pk)
}

/** Pk of the model version that made the vectors of an annotation; 0 when a caller gave them, or there are none. */
export async function vectorsMaker(db: Reader, annotationPk: number): Promise<number> {
  const row = await db
    .selectFrom('embeddings')
    .select('model_version_pk')
    .where('annotation_pk', '=', annotationPk)
    .limit(1)
    .executeTakeFirst()
  return row?.model_version_pk ?? 0
}

/** Gives annotations of an app another status; says whose they were and how many. */
export async function setStatuses(
  tx: Writer,
  appPk: number,
  filter: AnnotationListFilter,
  statusCode: number,
  now: number,
): Promise<{ readonly userIds: string[]; readonly count: number }> {
  const where = (eb: Builder): Expression<SqlBool> =>
    eb.and([inApp(eb, appPk, filter), eb('input_level', '=', 0), ...conditions(eb, filter)])
  const users = await tx
    .selectFrom('annotations')
    .select('worker_id')
    .distinct()
    .where(where)
    .where('worker_kind', '=', 'user')
    .orderBy('worker_id')
    .execute()
  const result = await tx
    .updateTable('annotations')
    .set((eb) => ({ status_code: statusCode, modified_at: now, revision: eb('revision', '+', 1) }))
    .where((eb) => where(eb as unknown as Builder))
    .executeTakeFirst()
  return { userIds: users.map(({ worker_id }) => worker_id), count: Number(result.numUpdatedRows) }
}
