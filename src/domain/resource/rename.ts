import type { DescMessage } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { IdUpdateSource } from '../../contract/index.ts'
import { DuplicateKey } from '../../store/errors.ts'
import type { KeyedTable } from '../../store/repos/keyed.ts'
import { addRedirect } from '../../store/repos/redirects.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import type { Parent, ResourceDef } from './define.ts'
import { readAction } from './patch.ts'
import { aKind, findRow } from './verbs.ts'

type Keyed = { readonly pk: number; readonly id: string; readonly revision: number }

/**
 * Gives one resource a new id, as the `Patch...Ids` calls do: exactly one pair of ids, action `overwrite`. The old
 * id answers MOVED from then on. Returns the renamed row.
 */
export async function renameOne<D extends DescMessage, T extends KeyedTable>(
  def: ResourceDef<D, T>,
  call: Call,
  parent: Parent,
  ids: readonly IdUpdateSource[],
  action: string,
): Promise<Row<T>> {
  readAction(action, ['overwrite'], def.codes.invalid)
  const [pair] = ids
  if (ids.length !== 1 || !pair)
    throw new AppError(def.codes.invalid, `The request has ${ids.length} ids; rename exactly one at a time.`)
  def.checkId(pair.newId)
  const row = await call.services.db.transact(async (tx) => {
    const old = (await findRow(def, tx, parent, pair.id, call)) as Row<T> & Keyed
    if (old.id === pair.newId) return old
    try {
      const now = call.services.clock.now()
      const renamed = await def.rows.update(tx, old, { id: pair.newId } as never, now)
      await addRedirect(tx, { kind: def.kind, parentPk: parent.pk, oldId: old.id, resourcePk: old.pk }, now)
      return renamed
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error
      throw new AppError(
        def.codes.duplicate,
        `${aKind(def)} with the id '${pair.newId}' already exists; choose another id.`,
      )
    }
  })
  def.hooks.afterCommit?.(call)
  return row
}
