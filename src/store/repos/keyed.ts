import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import { rowChanged } from '../errors.ts'
import { ROWS_PER_DELETE_MAX, ROWS_PER_PAGE_MAX } from '../limits.ts'
import { inParts } from '../parts.ts'
import type { NewRow, Row, RowChange, Schema } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { isNullable } from './nullable-columns.ts'

/** Tables with the family columns and an id. */
export type KeyedTable = {
  [T in keyof Schema]: Schema[T] extends { pk: unknown; id: string; doc: string; revision: unknown } ? T : never
}[keyof Schema]

/** A column of a table. */
export type Column<T extends KeyedTable> = keyof Row<T> & string

/** A condition on the rows of a table, in kysely's terms: `(row) => row('visibility', '>=', 30)`. */
export type Condition<T extends KeyedTable> = (row: ExpressionBuilder<Schema, T>) => Expression<SqlBool>

/** Says that a list or a count is meant to cover the rows of all parents. */
export const anyParent: unique symbol = Symbol('any parent')

/** Pk of the owning row; 0 for a table whose rows have no owner. */
export type Parent = number | typeof anyParent

/** What a list gives: rows of one parent (or of any, said on purpose) that meet a condition. */
export interface Selection<T extends KeyedTable> {
  parent: Parent
  where?: Condition<T>
}

/** One page of a list. The pk decides between equal values, in the same direction; empty values sort lowest. */
export interface Page<T extends KeyedTable> extends Selection<T> {
  orderBy: { column: Column<T>; direction: 'asc' | 'desc' }
  /** Points that decide before the column, in the same direction. */
  rank?: (row: ExpressionBuilder<Schema, T>) => Expression<number>
  /** Rows of the page, at most ROWS_PER_PAGE_MAX. */
  limit: number
  offset?: number
  /** The last row of the page before: its value in the sort column and its pk. */
  after?: { value: string | number | null; pk: number }
}

/** What an update sets; revision and modified_at follow by themselves, and an id may change. */
export type KeyedChange<T extends KeyedTable> = Omit<RowChange<T>, 'pk' | 'revision' | 'created_at' | 'modified_at'>

interface LooseRow {
  pk: number
  id: string
  revision: number
  modified_at: Micros
}
/** Kysely cannot follow a table name that is a type parameter, so in here each table goes under one name. */
type Loose = { keyed: LooseRow }
type LooseCondition = (row: ExpressionBuilder<Loose, 'keyed'>) => Expression<SqlBool>

/** The statements that every family table needs, typed by the table; rules of business are elsewhere. */
export class KeyedRows<T extends KeyedTable> {
  readonly #table: 'keyed'
  readonly #parentColumn: Column<T> | null

  /** `parentColumn` holds the pk of the owning row; null for a table without owner, whose functions take parent 0. */
  constructor(table: T, parentColumn: Column<T> | null) {
    this.#table = table as unknown as 'keyed'
    this.#parentColumn = parentColumn
  }

  /** Adds a row and returns it as stored; throws DuplicateKey or ConstraintViolated. */
  async insert(tx: Writer, row: NewRow<T>): Promise<Row<T>> {
    return (await loose(tx)
      .insertInto(this.#table)
      .values(row as never)
      .returningAll()
      .executeTakeFirstOrThrow()) as Row<T>
  }

  /** The row with this id under the parent, or undefined. */
  async get(db: Reader, parent: number, id: string): Promise<Row<T> | undefined> {
    const row = await this.#select(db, parent).where('id', '=', id).selectAll().executeTakeFirst()
    return row as Row<T> | undefined
  }

  /** The row with this pk, or undefined. */
  async getByPk(db: Reader, pk: number): Promise<Row<T> | undefined> {
    const row = await this.#select(db, anyParent).where('pk', '=', pk).selectAll().executeTakeFirst()
    return row as Row<T> | undefined
  }

  /** The rows with these ids under the parent, by id; ids without a row are left out. */
  async getMany(db: Reader, parent: number, ids: readonly string[]): Promise<Map<string, Row<T>>> {
    const found = new Map<string, Row<T>>()
    for (const part of inParts([...new Set(ids)])) {
      const rows = await this.#select(db, parent).where('id', 'in', part).selectAll().execute()
      for (const row of rows as Row<T>[]) found.set((row as { id: string }).id, row)
    }
    return found
  }

  /** The rows with these pks, by pk; pks without a row are left out. */
  async getManyByPk(db: Reader, pks: readonly number[]): Promise<Map<number, Row<T>>> {
    const found = new Map<number, Row<T>>()
    for (const part of inParts([...new Set(pks)])) {
      const rows = await this.#select(db, anyParent).where('pk', 'in', part).selectAll().execute()
      for (const row of rows as Row<T>[]) found.set((row as { pk: number }).pk, row)
    }
    return found
  }

  /** One page of rows, in a total order. */
  async list(db: Reader, page: Page<T>): Promise<Row<T>[]> {
    checkPage(page.limit, page.offset ?? 0)
    const { column, direction } = page.orderBy
    const rank = page.rank as ((row: ExpressionBuilder<Loose, 'keyed'>) => Expression<number>) | undefined
    let query = this.#select(db, page.parent, page.where).selectAll()
    if (rank) query = query.orderBy((row) => rank(row), direction)
    query = query
      .orderBy(sql.ref(column), (order) => (isNullable(column) ? nullsLowest(order, direction) : order[direction]()))
      .limit(page.limit)
    if (column !== 'pk') query = query.orderBy('pk', direction)
    if (page.after) query = query.where(isAfter(column, direction, page.after))
    if (page.offset) query = query.offset(page.offset)
    return (await query.execute()) as Row<T>[]
  }

  /** How many rows there are. */
  async count(db: Reader, selection: Selection<T>): Promise<number> {
    const query = this.#select(db, selection.parent, selection.where)
    const { rows } = await query.select(({ fn }) => fn.countAll<number>().as('rows')).executeTakeFirstOrThrow()
    return rows
  }

  /**
   * Changes the row that the caller has read and returns it as stored.
   *
   * Throws DATABASE_INVALID_ROWS_AFFECTED when somebody changed or deleted it since, DuplicateKey for a taken id.
   */
  async update(
    tx: Writer,
    read: { pk: number; revision: number },
    change: KeyedChange<T>,
    now: Micros,
  ): Promise<Row<T>> {
    const row = await loose(tx)
      .updateTable(this.#table)
      .set({ ...(change as object), modified_at: now, revision: read.revision + 1 })
      .where('pk', '=', read.pk)
      .where('revision', '=', read.revision)
      .returningAll()
      .executeTakeFirst()
    if (!row) throw rowChanged(`The entry of ${this.#table}`)
    return row as Row<T>
  }

  /** Deletes the rows with these ids, with all that belongs to them, and returns the ids that existed. */
  async deleteMany(tx: Writer, parent: number, ids: readonly string[]): Promise<string[]> {
    const deleted: string[] = []
    for (const part of inParts([...new Set(ids)])) {
      const query = loose(tx).deleteFrom(this.#table).where(this.#ownedBy(parent)).where('id', 'in', part)
      for (const row of await query.returning('id').execute()) deleted.push(row.id)
    }
    return deleted
  }

  /**
   * Deletes all rows of a parent, with all that belongs to them, and returns how many there were.
   *
   * Works in parts, between which SQLite lets the event loop in. What belongs to one row goes in one statement, so
   * call this for large child tables before their parent is deleted.
   */
  async deleteAll(tx: Writer, parent: number): Promise<number> {
    let deleted = 0
    for (;;) {
      const part = this.#select(tx, parent).select('pk').limit(ROWS_PER_DELETE_MAX)
      const result = await loose(tx).deleteFrom(this.#table).where('pk', 'in', part).executeTakeFirst()
      if (result.numDeletedRows === 0n) return deleted
      deleted += Number(result.numDeletedRows)
    }
  }

  #select(db: Reader, parent: Parent, where?: Condition<T>) {
    const query = loose(db).selectFrom(this.#table).where(this.#ownedBy(parent))
    return where ? query.where(where as unknown as LooseCondition) : query
  }

  #ownedBy(parent: Parent): Expression<SqlBool> {
    if (parent === anyParent) return sql<SqlBool>`1 = 1`
    if (this.#parentColumn === null && parent !== 0) throw new TypeError(`Rows of ${this.#table} have no parent`)
    return this.#parentColumn === null ? sql<SqlBool>`1 = 1` : sql<SqlBool>`${sql.ref(this.#parentColumn)} = ${parent}`
  }
}

function loose(db: Reader): Kysely<Loose> {
  return db as unknown as Kysely<Loose>
}

/** Values, each once, in parts that one statement can name. */
function checkPage(limit: number, offset: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > ROWS_PER_PAGE_MAX) {
    throw new RangeError(`A page cannot have ${limit} rows`)
  }
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`A page cannot start at row ${offset}`)
}

interface Ordering<O> {
  asc(): O
  desc(): O
  nullsFirst(): O
  nullsLast(): O
}

/** SQLite sorts empty values lowest; PostgreSQL must be told. */
function nullsLowest<O extends Ordering<O>>(order: O, direction: 'asc' | 'desc'): O {
  return direction === 'asc' ? order.asc().nullsFirst() : order.desc().nullsLast()
}

/** The condition that a row comes after the given one; where no value is empty it is one that an index answers. */
function isAfter(
  column: string,
  direction: 'asc' | 'desc',
  after: { value: string | number | null; pk: number },
): Expression<SqlBool> {
  const [field, pk] = [sql.ref(column), sql.ref('pk')]
  const beyond = direction === 'asc' ? sql`>` : sql`<`
  if (!isNullable(column)) return sql<SqlBool>`(${field}, ${pk}) ${beyond} (${after.value}, ${after.pk})`
  if (after.value === null) {
    const laterEmpty = sql<SqlBool>`(${field} is null and ${pk} ${beyond} ${after.pk})`
    return direction === 'asc' ? sql<SqlBool>`(${field} is not null or ${laterEmpty})` : laterEmpty
  }
  const later = sql<SqlBool>`(${field} ${beyond} ${after.value} or (${field} = ${after.value} and ${pk} ${beyond} ${after.pk}))`
  return direction === 'asc' ? later : sql<SqlBool>`(${later} or ${field} is null)`
}
