import { type Expression, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { EngineOps } from '../engine.ts'
import { checkPath, containsToLike, LIKE_ESCAPE, wildcardToLike } from '../patterns.ts'

/** One number for all programs of this kind, so that only one changes the schema at a time. */
const SCHEMA_LOCK = 7_106_543_921

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
      pkColumn: (column) => column.primaryKey().generatedAlwaysAsIdentity(),
      tableEnd: sql``,
    },
    // Documents are cast to json and not jsonb, as jsonb refuses escaped zero characters anywhere in the document.
    jsonText: (document: Expression<string>, path) =>
      sql<string | null>`(${document})::json #>> ${jsonPath(path)}::text[]`,
    jsonNumber: (document: Expression<string>, path) => sql<number | null>`case
      when json_typeof((${document})::json #> ${jsonPath(path)}::text[]) = 'number'
      then ((${document})::json #>> ${jsonPath(path)}::text[])::double precision end`,
    matches: (column, pattern) => like(column, wildcardToLike(pattern)),
    contains: (column, part) => like(column, containsToLike(part)),
    claim: <DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>) => query.forUpdate().skipLocked(),
    lockSchema: async (connection) => {
      await connection.query('select pg_advisory_xact_lock($1)', [SCHEMA_LOCK])
    },
  }
}

function jsonPath(path: readonly (string | number)[]): string {
  checkPath(path)
  return `{${path.join(',')}}`
}
