import type { Kysely } from 'kysely'
import { inParts } from '../parts.ts'
import type { NewRow, Row, Schema } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { insertRows } from './insert-rows.ts'

/** Kysely cannot follow a table name that is a type parameter, so in here each goes under one name. */
type Loose = { rows: Record<string, unknown> }

/** The rows of a table whose column has one of the values, in the order of their pks where they have one. */
export async function rowsWith<T extends keyof Schema>(
  db: Reader,
  table: T,
  column: keyof Row<T> & string,
  values: readonly (string | number)[],
  inOrderOf: keyof Row<T> & string = column,
): Promise<Row<T>[]> {
  const found: Row<T>[] = []
  for (const part of inParts(values)) {
    const rows = await (db as unknown as Kysely<Loose>)
      .selectFrom(table as unknown as 'rows')
      .selectAll()
      .where(column as string, 'in', part)
      .orderBy(inOrderOf as string)
      .execute()
    for (const row of rows) found.push(row as Row<T>)
  }
  return found
}

/**
 * Adds copies of rows that have a pk, each with some columns changed, and returns the pk of each copy by that of its
 * source. `key` tells a copy among the others: columns that are unique together.
 */
export async function copyFamily<T extends keyof Schema, K extends readonly (keyof Row<T> & string)[]>(
  tx: Writer,
  table: T,
  rows: readonly Row<T>[],
  key: K,
  change: (row: Row<T>) => Partial<Row<T>>,
): Promise<Map<number, number>> {
  const nameOf = (row: object): string => key.map((column) => (row as Record<string, unknown>)[column]).join(' ')
  const copies = rows.map((row) => {
    const {
      pk: _,
      revision: __,
      ...rest
    } = { revision: 0, ...row, ...change(row) } as unknown as { pk: number } & {
      revision: number
    }
    return rest as unknown as NewRow<T>
  })
  const stored = await insertRows(tx, table, copies, ['pk', ...key] as never)
  const pks = new Map((stored as object[]).map((row) => [nameOf(row), (row as { pk: number }).pk]))
  return new Map(rows.map((row, at) => [(row as unknown as { pk: number }).pk, pks.get(nameOf(copies[at]!))!]))
}

/** Adds copies of the rows that belong to copied ones, each with some columns changed; undefined leaves a row out. */
export async function copyChildren<T extends keyof Schema>(
  tx: Writer,
  table: T,
  parents: { readonly column: keyof Row<T> & string; readonly pks: readonly number[]; readonly order?: 'pk' },
  change: (row: Row<T>) => Partial<Row<T>> | undefined,
): Promise<Row<T>[]> {
  const rows = await rowsWith(tx, table, parents.column, parents.pks, (parents.order ?? parents.column) as never)
  const copied: Row<T>[] = []
  const copies = rows.flatMap((row) => {
    const changed = change(row)
    if (!changed) return []
    copied.push(row)
    const { pk: _, ...rest } = { pk: 0, ...row, ...changed }
    return [rest as unknown as NewRow<T>]
  })
  await insertRows(tx, table, copies, [])
  return copied
}
