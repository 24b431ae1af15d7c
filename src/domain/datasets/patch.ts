import type { Dataset } from '../../contract/index.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { applyPatch, readAction } from '../resource/patch.ts'
import { removeImage } from '../resource/remove-image.ts'
import { findRow, present, rewrite, toStored } from '../resource/verbs.ts'
import { datasets } from './resource.ts'

/** Patches datasets, all or none; `remove` takes the image away and nothing else. */
export async function patchDatasets(call: Call, patches: readonly Dataset[], actionText: string): Promise<Dataset[]> {
  const action = readAction(actionText, datasets.patch.actions, datasets.codes.invalid)
  const app = requireApp(call.target)
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'datasets'>[] = []
    for (const patch of patches) {
      const row = await findRow(datasets, tx, app, patch.id, call)
      const current = toStored(datasets, row).message
      const result =
        action === 'remove'
          ? removeImage(datasets, current, patch)
          : applyPatch(datasets.desc, current, patch, action, datasets.patch.fields)
      changed.push(await rewrite(datasets, call, row, result, tx))
    }
    return changed
  })
  return present(datasets, call, rows)
}
