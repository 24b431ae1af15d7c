import { type ColumnDefinitionBuilder, type CreateTableBuilder, type SqlBool, sql } from 'kysely'
import type { EngineOps } from '../dialect/engine.ts'
import type { Session } from '../session.ts'

type Change = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder
type AnyTable = CreateTableBuilder<string, string>

/** Writes tables and indexes in the logical column types, for both engines alike. */
export class TableMaker {
  readonly #db: Session
  readonly #ops: EngineOps

  constructor(db: Session) {
    this.#db = db
    this.#ops = db.ops
  }

  /** Creates a table from the columns that `define` adds. */
  async table(name: string, define: (table: Columns) => Columns): Promise<void> {
    const columns = define(new Columns(name, this.#db.schema.createTable(name), this.#ops))
    await columns.builder.modifyEnd(this.#ops.types.tableEnd).execute()
  }

  /**
   * Creates an index over columns, `desc` allowed after a name, so that keyset pages need no sorting.
   *
   * With `only`, a truth column, it holds the rows alone where that is 1, with `where` those of a condition; statements
   * must then say so by the same words.
   */
  async index(
    table: string,
    columns: readonly string[],
    options: { unique?: boolean; live?: boolean; only?: string; where?: string; name?: string } = {},
  ): Promise<void> {
    const parts = [options.unique ? 'uq' : 'ix', table, ...columns.map((column) => column.replace(' ', '_'))]
    const name = options.name ?? [...parts, ...(options.only ? ['only', options.only] : [])].join('_')
    const plain = this.#db.schema
      .createIndex(name)
      .on(table)
      .columns(columns as `${string} desc`[])
    const index = options.unique ? plain.unique() : plain
    const live = options.live ? index.where('deleted_at', 'is', null) : index
    const only = options.only ? live.where(sql.ref(options.only), '=', sql.lit(1)) : live
    await (options.where ? only.where(sql.raw<SqlBool>(options.where)) : only).execute()
  }

  /** Makes the engine itself run a statement after each insert or delete of a row, which it calls `row`. */
  async afterEach(name: string, table: string, event: 'insert' | 'delete', statement: string): Promise<void> {
    for (const part of this.#ops.afterEach(name, table, event, statement)) await part.execute(this.#db)
  }
}

/** The columns of one table. */
export class Columns {
  readonly builder: AnyTable
  readonly #table: string
  readonly #ops: EngineOps

  constructor(table: string, builder: AnyTable, ops: EngineOps) {
    this.#table = table
    this.builder = builder
    this.#ops = ops
  }

  #with(name: string, type: 'bigint' | 'text' | 'bool' | 'real' | 'bytes' | 'pk', change: Change): Columns {
    return new Columns(this.#table, this.builder.addColumn(name, this.#ops.types[type], change), this.#ops)
  }

  /** `pk`, `doc`, `revision`, `created_at` and `modified_at`. */
  family(): Columns {
    return this.pk()
      .text('doc')
      .bigint('revision', (column) => column.notNull().defaultTo(1))
      .bigint('created_at')
      .bigint('modified_at')
  }

  /** `pk` alone, for rows without a document. */
  pk(): Columns {
    return this.#with('pk', 'pk', (column) => this.#ops.types.pkColumn(column))
  }

  text(name: string, change: Change = notNull): Columns {
    return this.#with(name, 'text', change)
  }

  bigint(name: string, change: Change = notNull): Columns {
    return this.#with(name, 'bigint', change)
  }

  bool(name: string): Columns {
    return this.#with(name, 'bool', (column) => column.notNull().defaultTo(0))
  }

  real(name: string, change: Change = notNull): Columns {
    return this.#with(name, 'real', change)
  }

  bytes(name: string, change: Change = notNull): Columns {
    return this.#with(name, 'bytes', change)
  }

  /** A row of another table, with which this row is deleted. */
  parent(name: string, table: string, change: Change = notNull): Columns {
    return this.bigint(name, (column) => change(column.references(`${table}.pk`).onDelete('cascade')))
  }

  key(columns: readonly string[]): Columns {
    // Engines know constraints by names that are theirs alone.
    const name = `pk_${this.#table}_${columns.join('_')}`
    return new Columns(this.#table, this.builder.addPrimaryKeyConstraint(name, [...columns] as never), this.#ops)
  }
}

const notNull: Change = (column) => column.notNull()

/** For columns that may be empty. */
export const nullable: Change = (column) => column
