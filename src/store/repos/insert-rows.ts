import { CompiledQuery } from 'kysely'
import { VALUES_PER_INSERT_MAX } from '../limits.ts'
import type { NewRow, Row, Schema } from '../schema/tables.ts'
import type { Writer } from '../session.ts'

/**
 * Adds many rows, several in a statement, and returns the named columns of each (in no certain order).
 *
 * All rows must have the same columns. The text of the statements is made here, as the query builder takes longer for
 * a thousand values than SQLite for writing them; numbers of rows are powers of two, so that few statements are kept.
 */
export async function insertRows<T extends keyof Schema, const C extends readonly (keyof Row<T> & string)[]>(
  tx: Writer,
  table: T,
  rows: readonly NewRow<T>[],
  returning: C,
): Promise<Pick<Row<T>, C[number]>[]> {
  const first = rows[0]
  if (first === undefined) return []
  const columns = Object.keys(first)
  const stored: Pick<Row<T>, C[number]>[] = []
  let start = 0
  while (start < rows.length) {
    const count = largestPart(rows.length - start, columns.length)
    const part = rows.slice(start, start + count)
    const values = part.flatMap((row) => columns.map((column) => (row as Record<string, unknown>)[column]))
    const statement = CompiledQuery.raw(statementText(tx, table, columns, count, returning), values)
    const result = await tx.getExecutor().executeQuery<Pick<Row<T>, C[number]>>(statement)
    for (const row of result.rows) stored.push(row)
    start += count
  }
  return stored
}

function largestPart(rows: number, columns: number): number {
  const most = Math.max(1, Math.min(rows, Math.floor(VALUES_PER_INSERT_MAX / columns)))
  return 2 ** Math.floor(Math.log2(most))
}

const texts = new Map<string, string>()

// Names come from the program alone, never from callers.
function statementText(
  tx: Writer,
  table: string,
  columns: readonly string[],
  rows: number,
  returning: readonly string[],
): string {
  const key = `${tx.ops.parameter(1)} ${table} ${columns.join()} ${rows} ${returning.join()}`
  let text = texts.get(key)
  if (text === undefined) {
    let n = 0
    const row = (): string => `(${columns.map(() => tx.ops.parameter(++n)).join(', ')})`
    const values = Array.from({ length: rows }, row).join(', ')
    const back = returning.length === 0 ? '' : ` returning ${returning.map(quoted).join(', ')}`
    text = `insert into ${quoted(table)} (${columns.map(quoted).join(', ')}) values ${values}${back}`
    texts.set(key, text)
  }
  return text
}

const quoted = (name: string): string => `"${name}"`
