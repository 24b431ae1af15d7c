import { create, type DescMessage, type Message, type MessageShape } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Visibility, VisibilitySchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { DuplicateKey } from '../../store/errors.ts'
import type { Column, Condition, KeyedChange, KeyedTable } from '../../store/repos/keyed.ts'
import { findRedirect } from '../../store/repos/redirects.ts'
import type { NewRow, Row } from '../../store/schema/tables.ts'
import { Moved } from '../access/moved.ts'
import { visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { Parent, ResourceDef, Stored } from './define.ts'
import { withoutFields } from './fields.ts'
import type { PageWindow } from './paging.ts'
import { applyPatch, readAction } from './patch.ts'
import { removeImage } from './remove-image.ts'

/** What a list call may ask for; without a sort the resource's own order holds. */
export interface ListOptions<T extends KeyedTable> {
  readonly where?: Condition<T>
  readonly sort?: { readonly column: Column<T>; readonly descending: boolean }
}

/** A resource that is not there, or not for this caller. */
export function missing<D extends DescMessage, T extends KeyedTable>(def: ResourceDef<D, T>, id: string): AppError {
  return new AppError(def.codes.missing, `There is no ${def.kind} '${id}' here, or it is not visible to this key.`)
}

/** A row as a message, before `present`. */
export function toStored<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  row: Row<T>,
): Stored<D, T> {
  const message = decodeDoc(def.desc, (row as { doc: string }).doc)
  const fields = message as { id?: string; visibility?: Visibility }
  const columns = row as { id: string; visibility?: number }
  fields.id = columns.id
  // The column decides, since publishing changes it without touching the document.
  if (columns.visibility !== undefined) fields.visibility = create(VisibilitySchema, { gettable: columns.visibility })
  return { row, message }
}

/** Rows as finished messages, in the same order. */
export async function present<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  rows: readonly Row<T>[],
): Promise<MessageShape<D>[]> {
  const items = rows.map((row) => toStored(def, row))
  await def.hooks.present?.(items, call)
  return items.map((item) => item.message)
}

/**
 * One row by its id. Refused when it is not there, which to a caller who sees only what is public is the same as
 * hidden; with `call`, an id that was renamed away answers MOVED.
 */
export async function findRow<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  reader: Reader,
  parent: Parent,
  id: string,
  call?: Call,
): Promise<Row<T>> {
  const row = await def.rows.get(reader, parent.pk, id)
  if (row && sees(call, row)) return row
  if (!row && call) await refuseMoved(def, reader, parent, id, call)
  throw missing(def, id)
}

const sees = (call: Call | undefined, row: { readonly visibility?: number }): boolean =>
  call === undefined || row.visibility === undefined || row.visibility >= visibleFrom(call.target)

async function refuseMoved<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  reader: Reader,
  parent: Parent,
  id: string,
  call: Call,
): Promise<void> {
  if (!def.address) return
  const pk = await findRedirect(reader, def.kind, parent.pk, id)
  const renamed = pk === undefined ? undefined : await def.rows.getByPk(reader, pk)
  if (!renamed || !sees(call, renamed)) return
  const newId = (renamed as { id: string }).id
  throw new Moved(def.kind, id, newId, def.address(call, newId))
}

/** One resource by its id. */
export async function getOne<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  parent: Parent,
  id: string,
): Promise<MessageShape<D>> {
  const row = await findRow(def, call.services.db.read, parent, id, call)
  return (await present(def, call, [row]))[0]!
}

/** One page of the resources below a parent. */
export async function listPage<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  parent: Parent,
  options: ListOptions<T> & { readonly window: PageWindow },
): Promise<MessageShape<D>[]> {
  const sort = options.sort ?? def.defaultSort
  const rows = await def.rows.list(call.services.db.read, {
    parent: parent.pk,
    where: options.where,
    orderBy: { column: sort.column, direction: sort.descending ? 'desc' : 'asc' },
    limit: options.window.limit,
    offset: options.window.offset,
  })
  return present(def, call, rows)
}

/** Stores new resources, all or none. */
export async function createMany<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  parent: Parent,
  messages: readonly MessageShape<D>[],
): Promise<MessageShape<D>[]> {
  const rows = await call.services.db.transact(async (tx) => {
    const stored: Row<T>[] = []
    for (const message of messages) stored.push(await insertOne(def, call, parent, message, tx))
    return stored
  })
  def.hooks.afterCommit?.(call)
  return present(def, call, rows)
}

/**
 * Stores one new resource in a running transaction: prepare, check, write, in this order. `extra` are columns that the
 * message does not say.
 */
export async function insertOne<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  parent: Parent,
  given: MessageShape<D>,
  tx: Writer,
  extra: Partial<KeyedChange<T>> = {},
): Promise<Row<T>> {
  const message = withoutFields(def.desc, given, def.serverFields)
  def.hooks.prepare?.(message, call)
  const id = idOf(message) || def.makeId?.(message) || ''
  if (id === '') throw new AppError(def.codes.invalid, `${aKind(def)} has no id; give each one an id.`)
  def.checkId(id)
  await def.hooks.validate?.(message, call, tx)
  const now = call.services.clock.now()
  const row = {
    ...extra,
    ...def.hooks.columns?.(message),
    [def.parentColumn]: parent.pk,
    id,
    doc: document(def.desc, message),
    created_at: now,
    modified_at: now,
  }
  try {
    return await def.rows.insert(tx, row as unknown as NewRow<T>)
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error
    throw new AppError(
      def.codes.duplicate,
      `${aKind(def)} with the id '${id}' already exists (duplicate); choose another id.`,
    )
  }
}

/** Patches resources by id, all or none, and returns them as they are stored then. */
export async function patchMany<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  parent: Parent,
  patches: readonly MessageShape<D>[],
  actionText: string,
): Promise<MessageShape<D>[]> {
  const action = readAction(actionText, def.patch.actions, def.codes.invalid)
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<T>[] = []
    for (const patch of patches) {
      const row = await findRow(def, tx, parent, idOf(patch), call)
      const { message } = toStored(def, row)
      const result =
        action === 'remove' && def.patch.removes === 'image'
          ? removeImage(def, message, patch)
          : applyPatch(def.desc, message, patch, action, def.patch.fields)
      changed.push(await rewrite(def, call, row, result, tx))
    }
    return changed
  })
  def.hooks.afterCommit?.(call)
  return present(def, call, rows)
}

/** Writes a changed message back to its row after the resource's own checks. */
export async function rewrite<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  row: Row<T>,
  message: MessageShape<D>,
  tx: Writer,
): Promise<Row<T>> {
  const kept = withoutFields(def.desc, message, def.serverFields)
  await def.hooks.validate?.(kept, call, tx, row)
  const change = { ...def.hooks.columns?.(kept), doc: document(def.desc, kept) }
  return def.rows.update(tx, row as { pk: number; revision: number }, change as never, call.services.clock.now())
}

/** Deletes resources by id, all or none; every id must exist. */
export async function removeMany<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  parent: Parent,
  ids: readonly string[] | 'all',
): Promise<void> {
  await call.services.db.transact(async (tx) => {
    if (ids === 'all') {
      await def.hooks.beforeRemove?.('all', call, tx)
      await def.rows.deleteAll(tx, parent.pk)
      return
    }
    const rows = await def.rows.getMany(tx, parent.pk, ids)
    const absent = ids.find((id) => !rows.has(id))
    if (absent !== undefined) await findRow(def, tx, parent, absent, call)
    await def.hooks.beforeRemove?.([...rows.values()], call, tx)
    await def.rows.deleteMany(tx, parent.pk, ids)
  })
  def.hooks.afterCommit?.(call)
}

/** The kind with its article, as it begins a sentence: `An app`. */
export const aKind = ({ kind }: { readonly kind: string }): string => `${/^[aeiou]/.test(kind) ? 'An' : 'A'} ${kind}`

const idOf = (message: Message): string => (message as { id?: string }).id ?? ''

// The id lives in its column alone, so that a rename is one row.
function document<D extends DescMessage>(desc: D, message: MessageShape<D>): string {
  return encodeDoc(withoutFields(desc, message, ['id']))
}
