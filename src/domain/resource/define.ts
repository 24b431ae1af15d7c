import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { StatusCode } from '../../contract/status-code.ts'
import type { Reader, Writer } from '../../store/database.ts'
import type { Column, KeyedChange, KeyedRows, KeyedTable } from '../../store/repos/keyed.ts'
import type { NewRow, Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import type { PatchAction } from './patch.ts'

/** Whatever sits above a resource: its app, user or model. Its pk scopes the ids of the children. */
export interface Parent {
  readonly pk: number
}

/** A row with its message, as the store has it; server-made fields of the message are not filled yet. */
export interface Stored<D extends DescMessage, T extends KeyedTable> {
  readonly row: Row<T>
  readonly message: MessageShape<D>
}

/** Named moments of a resource's life. There are six; a seventh means that the verb wants a file of its own. */
export interface Hooks<D extends DescMessage, T extends KeyedTable> {
  /** Fills in what the caller may leave out, before anything is checked. */
  prepare?(message: MessageShape<D>, call: Call): void
  /** Refuses a message that must not be stored; on patch it sees the result, and the row as it was. */
  validate?(message: MessageShape<D>, call: Call, reader: Reader, before?: Row<T>): void | Promise<void>
  /** Columns beyond id, document and times; recomputed on every write. */
  columns?(message: MessageShape<D>): Partial<KeyedChange<T>>
  /** Fills the fields that only the server knows into messages about to be answered, all rows of a page at once. */
  present?(items: readonly Stored<D, T>[], call: Call): void | Promise<void>
  /** Called once per write after its commit: caches, jobs. */
  afterCommit?(call: Call): void
  /** In the transaction, before rows (or all of the parent) go; refuses or clears what would be left hanging. */
  beforeRemove?(rows: readonly Row<T>[] | 'all', call: Call, tx: Writer): void | Promise<void>
}

/** What a resource is: where it is kept, which rules its ids obey, what may be patched. The verbs follow from it. */
export interface ResourceDef<D extends DescMessage, T extends KeyedTable> {
  /** As a sentence names it: `concept`. */
  readonly kind: string
  readonly desc: D
  /** Its table, with the column that holds the parent's pk. */
  readonly rows: KeyedRows<T>
  readonly parentColumn: keyof NewRow<T> & string
  readonly codes: { readonly missing: StatusCode; readonly duplicate: StatusCode; readonly invalid: StatusCode }
  /** Path of the resource with an id, for those that can be renamed: who asks by an old id is sent there. */
  readonly address?: (call: Call, id: string) => string
  /** Refuses an id that breaks the rules. */
  checkId(id: string): void
  /** Makes an id for a message that has none; without it an id is demanded. */
  readonly makeId?: (message: MessageShape<D>) => string
  /** Fields (contract names) that the server owns: never taken from a caller, never in the document. */
  readonly serverFields: readonly string[]
  readonly patch: {
    readonly actions: readonly PatchAction[]
    readonly fields: readonly string[]
    /** What the action `remove` takes away, where that is not any item of a list. */
    readonly removes?: 'image'
  }
  /** Order of a list that asks for none; the row's pk always comes last. */
  readonly defaultSort: { readonly column: Column<T>; readonly descending: boolean }
  /** Names in the request's `sort_by` choice, with the column behind each. */
  readonly sort?: Readonly<Record<string, Column<T>>>
  readonly hooks: Hooks<D, T>
}

/** Declares a resource; the one place where its rules stand. */
export function defineResource<D extends DescMessage, T extends KeyedTable>(def: ResourceDef<D, T>): ResourceDef<D, T> {
  return Object.freeze(def)
}
