import type { JsonObject } from '@bufbuild/protobuf'
import type { App, PatchAction as MetadataAction } from '../../contract/index.ts'
import { workflows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { applyPatch, type PatchAction, readAction } from '../resource/patch.ts'
import { findRow, insertOne, present, rewrite, toStored } from '../resource/verbs.ts'
import { copyAsDefault, namesWorkflow, wantedWorkflow } from './default-workflow.ts'
import { patchMetadata } from './metadata.ts'
import { apps } from './resource.ts'

interface UserPlace {
  readonly pk: number
}

/** Stores new apps, all or none, each with a copy of the workflow that it is based on. */
export async function createApps(call: Call, user: UserPlace, given: readonly App[]): Promise<App[]> {
  const bases = await Promise.all(given.map((app) => wantedWorkflow(call, app)))
  const rows = await call.services.db.transact(async (tx) => {
    const stored: Row<'apps'>[] = []
    for (const [at, app] of given.entries()) {
      const row = await insertOne(apps, call, user, app, tx)
      await copyAsDefault(call, row.pk, bases[at]!, tx)
      stored.push((await apps.rows.getByPk(tx, row.pk))!)
    }
    return stored
  })
  call.services.directory.invalidate()
  return present(apps, call, rows)
}

/** How apps are patched beyond the fields that they carry. */
export interface PatchWish {
  readonly action: string
  readonly metadataAction?: MetadataAction
  /** Fields that this call may change, when fewer than usual. */
  readonly fields?: readonly string[]
}

/** Patches apps, all or none. Metadata has actions of its own; a new default workflow is copied into the app. */
export async function patchApps(call: Call, user: UserPlace, patches: readonly App[], wish: PatchWish): Promise<App[]> {
  const action = readAction(wish.action, apps.patch.actions)
  const bases = await Promise.all(
    patches.map((patch) => (namesWorkflow(patch) ? ownOrBuiltIn(call, patch) : undefined)),
  )
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'apps'>[] = []
    for (const [at, patch] of patches.entries()) {
      const row = await findRow(apps, tx, user, patch.id)
      const result = patchOne(toStored(apps, row).message, patch, action, wish)
      const written = await rewrite(apps, call, row, result, tx)
      const base = bases[at]
      if (base) await copyAsDefault(call, row.pk, base, tx)
      changed.push(base ? (await apps.rows.getByPk(tx, row.pk))! : written)
    }
    return changed
  })
  call.services.directory.invalidate()
  call.services.plans.clear()
  return present(apps, call, rows)
}

function patchOne(current: App, patch: App, action: PatchAction, wish: PatchWish): App {
  // The picture is the one thing that can be taken away.
  const fields = action === 'remove' ? ['image'] : (wish.fields ?? apps.patch.fields)
  const result = applyPatch(apps.desc, current, patch, action === 'remove' ? 'remove' : action, fields)
  if (action === 'remove' && patch.image?.url === current.image?.url) result.image = undefined
  if (wish.fields === undefined && (patch.metadata !== undefined || wish.metadataAction)) {
    const how = wish.metadataAction ?? ({ op: 'overwrite', path: '', mergeConflictResolution: '' } as MetadataAction)
    result.metadata = patchMetadata(current.metadata ?? {}, patch.metadata ?? ({} as JsonObject), how)
  }
  return result
}

// A default named without its place is one of the app's own workflows first, then a built-in one.
async function ownOrBuiltIn(call: Call, patch: App): Promise<Row<'workflows'>> {
  const wish = patch.defaultWorkflow
  if (!wish?.userId && !wish?.appId && call.target.user) {
    const app = await call.services.directory.app(call.target.user.pk, patch.id)
    const own = app && (await workflows.get(call.services.db.read, app.pk, wish?.id || patch.defaultWorkflowId))
    if (own) return own
  }
  return wantedWorkflow(call, patch)
}
