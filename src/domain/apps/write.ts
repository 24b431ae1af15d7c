import type { App, PatchAction as MetadataAction } from '../../contract/index.ts'
import type { Writer } from '../../store/database.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { enqueueReindex } from '../inputs/process/reindex.ts'
import type { Parent } from '../resource/define.ts'
import { applyPatch, type PatchAction, readAction } from '../resource/patch.ts'
import { removeImage } from '../resource/remove-image.ts'
import { findRow, insertOne, present, rewrite, toStored } from '../resource/verbs.ts'
import { type BaseWorkflow, copyAsDefault, namesWorkflow, newDefault, wantedWorkflow } from './default-workflow.ts'
import { patchMetadata } from './metadata.ts'
import { apps, invalidApp } from './resource.ts'

/** Stores new apps, all or none, each with a copy of the workflow that it is based on. */
export async function createApps(call: Call, user: Parent, given: readonly App[]): Promise<App[]> {
  const bases = await Promise.all(given.map((app) => wantedWorkflow(call, app)))
  const rows = await call.services.db.transact(async (tx) => {
    const stored: Row<'apps'>[] = []
    for (const [at, app] of given.entries()) stored.push(await createApp(call, user, app, bases[at]!, tx))
    return stored
  })
  apps.hooks.afterCommit?.(call)
  return present(apps, call, rows)
}

/** Stores a new app with a copy of the workflow that it is based on, in a running transaction. */
export async function createApp(
  call: Call,
  user: Parent,
  app: App,
  base: BaseWorkflow,
  tx: Writer,
): Promise<Row<'apps'>> {
  const row = await insertOne(apps, call, user, app, tx)
  return { ...row, default_workflow_pk: await copyAsDefault(call, row.pk, base, tx) }
}

/** How apps are patched beyond the fields that they carry. */
export interface PatchWish {
  readonly action: string
  readonly metadataAction?: MetadataAction
  /** Whether inputs that are there go through the default workflow again. */
  readonly reindex?: boolean
  /** Fields that this call may change, when fewer than usual. */
  readonly fields?: readonly string[]
}

/**
 * Patches apps, all or none. Metadata has actions of its own; a new default workflow is copied into the app and works
 * on what is added from then on.
 */
export async function patchApps(call: Call, user: Parent, patches: readonly App[], wish: PatchWish): Promise<App[]> {
  const action = readAction(wish.action, apps.patch.actions)
  const bases = await Promise.all(
    patches.map((patch) => (namesWorkflow(patch) && action !== 'remove' ? newDefault(call, user, patch) : undefined)),
  )
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'apps'>[] = []
    for (const [at, patch] of patches.entries()) {
      const row = await findRow(apps, tx, user, patch.id, call)
      const result = patchOne(toStored(apps, row).message, patch, action, wish)
      const written = await rewrite(apps, call, row, result, tx)
      const base = bases[at]
      const default_workflow_pk = base ? await copyAsDefault(call, row.pk, base, tx) : row.default_workflow_pk
      if (wish.reindex) await enqueueReindex(tx, call.services, row.pk)
      changed.push({ ...written, default_workflow_pk })
    }
    return changed
  })
  apps.hooks.afterCommit?.(call)
  return present(apps, call, rows)
}

function patchOne(current: App, patch: App, action: PatchAction, wish: PatchWish): App {
  if (action === 'remove') return removeImage(apps, current, patch)
  if (patch.defaultLanguage !== '' && patch.defaultLanguage !== current.defaultLanguage) {
    throw invalidApp('The default_language of an app cannot change; make a new app for another language.')
  }
  const result = applyPatch(apps.desc, current, patch, action, wish.fields ?? apps.patch.fields)
  if (wish.fields === undefined && (patch.metadata !== undefined || wish.metadataAction)) {
    result.metadata = patchMetadata(current.metadata ?? {}, patch.metadata ?? {}, wish.metadataAction)
  }
  return result
}
