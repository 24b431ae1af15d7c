import type { Module } from '../../contract/index.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { applyPatch, readAction } from '../resource/patch.ts'
import { removeImage } from '../resource/remove-image.ts'
import { findRow, present, rewrite, toStored } from '../resource/verbs.ts'
import { modules } from './resource.ts'

/** Patches modules, all or none; `remove` takes the image away and nothing else. */
export async function patchModules(call: Call, patches: readonly Module[], actionText: string): Promise<Module[]> {
  const action = readAction(actionText, modules.patch.actions, modules.codes.invalid)
  const app = requireApp(call.target)
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'modules'>[] = []
    for (const patch of patches) {
      const row = await findRow(modules, tx, app, patch.id, call)
      const current = toStored(modules, row).message
      const result =
        action === 'remove'
          ? removeImage(modules, current, patch)
          : applyPatch(modules.desc, current, patch, action, modules.patch.fields)
      changed.push(await rewrite(modules, call, row, result, tx))
    }
    return changed
  })
  return present(modules, call, rows)
}
