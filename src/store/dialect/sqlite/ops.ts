import type { JsonValue } from '@bufbuild/protobuf'
import { type Expression, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { EngineOps } from '../engine.ts'
import { checkPath, containsToLike, LIKE_ESCAPE, wildcardToLike } from '../patterns.ts'
import { indexTexts, textMatches } from './text-index.ts'

/** SQLite's side of the capability interface; text is folded by a function that every connection registers. */
export const sqliteOps: EngineOps = {
  types: {
    pk: sql`integer`,
    bigint: sql`integer`,
    text: sql`text`,
    bool: sql`integer`,
    real: sql`real`,
    bytes: sql`blob`,
    // Without autoincrement the number of a deleted row could be given to another one.
    pkColumn: (column) => column.primaryKey().autoIncrement(),
    tableEnd: sql`strict`,
  },
  parameter: () => '?',
  // There is one writer.
  mergesSets: true,
  counterRows: 1,
  jsonText(document: Expression<string>, path): RawBuilder<string | null> {
    const at = jsonPath(path)
    return sql<string | null>`case json_type(${document}, ${at})
      when 'true' then 'true' when 'false' then 'false'
      else cast(json_extract(${document}, ${at}) as text) end`
  },
  jsonNumber(document: Expression<string>, path): RawBuilder<number | null> {
    const at = jsonPath(path)
    return sql<number | null>`case when json_type(${document}, ${at}) in ('integer', 'real')
      then cast(json_extract(${document}, ${at}) as real) end`
  },
  jsonContains: (document: Expression<string>, path, value) =>
    sql<SqlBool>`coalesce(${holds(sql`json_extract(${document}, ${jsonPath(path)})`, sql`json_type(${document}, ${jsonPath(path)})`, value, 1)}, 0)`,
  matches: (column, pattern) => like(column, wildcardToLike(pattern)),
  contains: (column, part) => like(column, containsToLike(part)),
  afterEach: (name, table, event, statement) => [
    sql`create trigger ${sql.id(name)} after ${sql.raw(event)} on ${sql.id(table)}
      begin ${sql.raw(statement.replaceAll('row.', event === 'insert' ? 'new.' : 'old.'))}; end`,
  ],
  indexTexts,
  textMatches,
  uniqueText: sql`lower(hex(randomblob(8)))`,
  // Transactions follow one another, so their rows appear in order.
  transactionNumber: sql`0`,
  settled: () => sql<SqlBool>`1 = 1`,
  oldestRunning: sql`0`,
  since: (pk, _transactionNumber, { sequence }) => sql<SqlBool>`${pk} > ${sequence}`,
  // There is one writer: whoever reads inside a transaction has the rows for himself.
  claim: <DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>) => query,
}

/** The condition that a part of a document, given by its text or scalar and by its type, holds a value. */
function holds(
  part: RawBuilder<unknown>,
  type: RawBuilder<unknown>,
  value: JsonValue,
  depth: number,
): RawBuilder<SqlBool> {
  if (value === null) return sql<SqlBool>`${type} = 'null'`
  if (typeof value === 'boolean') return sql<SqlBool>`${type} = ${String(value)}`
  if (typeof value === 'number') return sql<SqlBool>`(${type} in ('integer', 'real') and ${part} = ${value})`
  if (typeof value === 'string') return sql<SqlBool>`(${type} = 'text' and ${part} = ${value})`
  const row = `part${depth}`
  const inside = (item: JsonValue): RawBuilder<SqlBool> =>
    holds(sql.ref(`${row}.value`), sql.ref(`${row}.type`), item, depth + 1)
  const some = (condition: RawBuilder<SqlBool>): RawBuilder<SqlBool> =>
    sql<SqlBool>`exists (select 1 from json_each(${part}) as ${sql.ref(row)} where ${condition})`
  const conditions = Array.isArray(value)
    ? value.map((item) => some(inside(item)))
    : Object.entries(value).map(([key, item]) => some(sql`${sql.ref(`${row}.key`)} = ${key} and ${inside(item)}`))
  const kind = Array.isArray(value) ? 'array' : 'object'
  // A case, as the other condition would not wait for the type.
  return sql<SqlBool>`case when ${type} = ${kind} then ${sql.join([sql`1`, ...conditions], sql` and `)} else 0 end`
}

function like(column: Expression<string | null>, pattern: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`limpid_fold(${column}) like ${pattern} escape ${sql.lit(LIKE_ESCAPE)}`
}

function jsonPath(path: readonly (string | number)[]): string {
  checkPath(path)
  return path.reduce<string>(
    (written, segment) => written + (typeof segment === 'number' ? `[${segment}]` : `."${segment}"`),
    '$',
  )
}
