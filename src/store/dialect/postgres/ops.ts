import type { JsonValue } from '@bufbuild/protobuf'
import { type Expression, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import { COUNTER_ROWS } from '../../limits.ts'
import type { EngineOps } from '../engine.ts'
import { checkPath, containsToLike, LIKE_ESCAPE, wildcardToLike } from '../patterns.ts'
import { indexTexts, textMatches } from './text-index.ts'

/** PostgreSQL's side of the capability interface; `unicode` is the collation that knows the case of all letters. */
export function postgresOps(unicode: string): EngineOps {
  const like = (column: Expression<string | null>, pattern: string): RawBuilder<SqlBool> =>
    sql<SqlBool>`lower(normalize(${column}, nfc) collate ${sql.id(unicode)}) like ${pattern} escape ${sql.lit(LIKE_ESCAPE)}`
  return {
    types: {
      pk: sql`bigint`,
      bigint: sql`bigint`,
      // Sorted by bytes, as SQLite does; the language of the server must not change the order of pages.
      text: sql`text collate "C"`,
      bool: sql`smallint`,
      real: sql`double precision`,
      bytes: sql`bytea`,
      pkColumn: (column) => column.primaryKey().generatedAlwaysAsIdentity(),
      tableEnd: sql``,
    },
    parameter: (n) => `$${n}`,
    mergesSets: false,
    counterRows: COUNTER_ROWS,
    jsonText: (document: Expression<string>, path) =>
      sql<string | null>`${readable(document)} #>> ${jsonPath(path)}::text[]`,
    jsonNumber: (document: Expression<string>, path) => sql<number | null>`case
      when json_typeof(${readable(document)} #> ${jsonPath(path)}::text[]) = 'number'
      then (${readable(document)} #>> ${jsonPath(path)}::text[])::double precision end`,
    jsonContains: (document: Expression<string>, path, value) =>
      sql<SqlBool>`coalesce((${readable(document)} #> ${jsonPath(path)}::text[])::jsonb @> ${readableText(value)}::jsonb, false)`,
    matches: (column, pattern) => like(column, wildcardToLike(pattern)),
    contains: (column, part) => like(column, containsToLike(part)),
    afterEach: (name, table, event, statement) => [
      sql`create function ${sql.id(name)}() returns trigger language plpgsql as ${sql.lit(
        `begin ${statement.replaceAll('row.', event === 'insert' ? 'new.' : 'old.')}; return null; end`,
      )}`,
      sql`create trigger ${sql.id(name)} after ${sql.raw(event)} on ${sql.id(table)}
        for each row execute function ${sql.id(name)}()`,
    ],
    indexTexts,
    textMatches,
    uniqueText: sql`gen_random_uuid()::text`,
    transactionNumber: sql`pg_current_xact_id()::text::bigint`,
    settled: (transactionNumber) =>
      sql<SqlBool>`${transactionNumber} < pg_snapshot_xmin(pg_current_snapshot())::text::bigint`,
    oldestRunning: sql`pg_snapshot_xmin(pg_current_snapshot())::text::bigint`,
    // The second condition is that of the index.
    since: (_pk, transactionNumber, { oldestRunning }) =>
      sql<SqlBool>`(${transactionNumber} >= ${oldestRunning} and ${transactionNumber} > 0)`,
    claim: <DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>) => query.forUpdate().skipLocked(),
  }
}

/**
 * The document as json. PostgreSQL cannot read a document that contains an escaped zero character or half of a
 * surrogate pair anywhere, so these become the replacement character; SQLite needs no such thing.
 */
function readable(document: Expression<string>): RawBuilder<unknown> {
  const unreadable = String.raw`(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})`
  return sql`(case when position('\\u' in ${document}) = 0 then ${document}
    else regexp_replace(${document}, ${unreadable}, ${String.raw`\1\ufffd`}, 'g') end)::json`
}

const readableText = (value: JsonValue): string =>
  JSON.stringify(value).replaceAll(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/gi, '$1\\ufffd')

function jsonPath(path: readonly (string | number)[]): string {
  checkPath(path)
  return `{${path.join(',')}}`
}
