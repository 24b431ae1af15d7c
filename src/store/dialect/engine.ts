import type { JsonValue } from '@bufbuild/protobuf'
import type {
  ColumnDefinitionBuilder,
  DialectAdapter,
  Expression,
  QueryCompiler,
  RawBuilder,
  SelectQueryBuilder,
  SqlBool,
} from 'kysely'
import type { WordQuery } from '../../base/words.ts'

/** Values that may be bound to a statement; booleans are stored as 0 and 1. */
export type Parameter = string | number | bigint | null | Uint8Array

/** Rows of a statement and how many rows it changed. */
export interface RawResult {
  rows: Record<string, unknown>[]
  changes: number
}

/** Runs one statement at a time; rejects with the errors of ../errors.ts. */
export interface RawConnection {
  query(sql: string, parameters: readonly unknown[]): Promise<RawResult>
  /**
   * A number that is another one after every commit that the connection can see; left out where asking for it would cost
   * as much as a statement.
   */
  version?(): number
}

/** Column types by meaning. Timestamps are microseconds since 1970 in a bigint, documents JSON in text. */
export interface LogicalTypes {
  /** A number that is never used again, even after its row was deleted. */
  readonly pk: RawBuilder<unknown>
  readonly bigint: RawBuilder<unknown>
  /** Compared and sorted by bytes (UTF-8) on both engines. */
  readonly text: RawBuilder<unknown>
  readonly bool: RawBuilder<unknown>
  /** A number with 53 bits, such as a score or a coordinate. */
  readonly real: RawBuilder<unknown>
  readonly bytes: RawBuilder<unknown>
  pkColumn(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder
  /** Text that ends a `create table`. */
  readonly tableEnd: RawBuilder<unknown>
}

/** A place in a table that is only added to. */
export interface LogPlace {
  readonly sequence: number
  readonly oldestRunning: number
}

/**
 * What the two engines do differently, as expressions for kysely. Upserts are not here: both understand the same
 * `on conflict` clause. Text patterns fold letter case by Unicode; `*` stands for any text.
 */
export interface EngineOps {
  readonly types: LogicalTypes
  /** How a statement names its n-th value (from 1). */
  parameter(n: number): string
  /** Whether sets that indexes give in one order are merged row by row, so that a limit ends the reading. */
  readonly mergesSets: boolean
  /** Over how many rows a counter is spread, so that transactions that run at the same time seldom meet in one. */
  readonly counterRows: number
  /** The scalar at a path of a JSON document as text (null when absent); numbers index lists. */
  jsonText(document: Expression<string>, path: readonly (string | number)[]): RawBuilder<string | null>
  /** The number at a path of a JSON document, or null when it is absent or not a number. */
  jsonNumber(document: Expression<string>, path: readonly (string | number)[]): RawBuilder<number | null>
  /**
   * True when the part of a JSON document at a path holds a value: all members of an object, all items of a list in any
   * order, on every level; scalars are equal.
   */
  jsonContains(document: Expression<string>, path: readonly string[], value: JsonValue): RawBuilder<SqlBool>
  /** True when the whole text matches a pattern with `*` wildcards. */
  matches(column: Expression<string | null>, pattern: string): RawBuilder<SqlBool>
  /** True when the text contains the part. */
  contains(column: Expression<string | null>, part: string): RawBuilder<SqlBool>
  /**
   * Statements that make the engine run `statement` after every insert into or delete from a table, cascades
   * included; in it `row.` stands for the row.
   */
  afterEach(name: string, table: string, event: 'insert' | 'delete', statement: string): readonly RawBuilder<unknown>[]
  /**
   * Statements that make the index of the words of the table `texts` and the triggers that keep it. Words of an app are
   * words of their own there, so that one app's texts cost the searches of another nothing.
   */
  readonly indexTexts: readonly RawBuilder<unknown>[]
  /** True for rows of `texts` of an app that hold what is looked for, found by the index. */
  textMatches(appPk: number, query: WordQuery): RawBuilder<SqlBool>
  /** A text that no other call gives. */
  readonly uniqueText: RawBuilder<string>
  /** A number for the running transaction, to be stored in a column for `settled`. */
  readonly transactionNumber: RawBuilder<number>
  /**
   * True for rows of transactions before the oldest that is still running: all of them can be seen by now, whatever pks
   * they have. A row with a lower pk than one that can be seen may still appear, but never a settled one.
   */
  settled(transactionNumber: Expression<number>): RawBuilder<SqlBool>
  /** Number of the oldest transaction that is still running; rows of all before it are settled. */
  readonly oldestRunning: RawBuilder<number>
  /** True for rows that were not there, or not settled, when the newest one had a pk and a transaction was the oldest. */
  since(pk: Expression<number>, transactionNumber: Expression<number>, place: LogPlace): RawBuilder<SqlBool>
  /** Makes a select inside a transaction take its rows exclusively, passing over rows another one has taken. */
  claim<DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>): SelectQueryBuilder<DB, TB, O>
}

/** How statements are written for an engine. */
export interface Dialect {
  readonly ops: EngineOps
  createAdapter(): DialectAdapter
  createQueryCompiler(): QueryCompiler
}

/** A database behind the same face whatever its kind; only this folder knows which it is. */
export interface Engine extends Dialect {
  /** Whether this process keeps all others out. */
  readonly sole: boolean
  /** Statements outside transactions, refused when they write. */
  readonly read: RawConnection
  /** Runs `work` in a transaction; the promise resolves after a durable commit and rejects after a rollback. */
  transact<T>(work: (connection: RawConnection) => Promise<T>): Promise<T>
  /** Runs `work` while no other process is in its own `exclusively`: only one may change the schema at a time. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
  /** Writes a consistent copy into a new file while writing goes on; refuses where the engine has its own tool. */
  snapshot(file: string): Promise<void>
  close(): Promise<void>
}
