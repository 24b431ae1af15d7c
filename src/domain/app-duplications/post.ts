import { clone, create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import {
  type App,
  type AppCopyProgress,
  AppCopyProgressSchema,
  type AppDuplication,
  type AppDuplicationFilters,
  AppSchema,
  WorkflowSchema,
} from '../../contract/index.ts'
import { Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { apps as appRows } from '../../store/repos/families.ts'
import { defaultWorkflow } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { demandScope } from '../access/demand.ts'
import type { UserRef } from '../access/principal.ts'
import { reach } from '../access/standing.ts'
import { requireApp, type Target, visibleFrom } from '../access/target.ts'
import { type BaseWorkflow, wantedWorkflow } from '../apps/default-workflow.ts'
import { apps } from '../apps/resource.ts'
import { createApp } from '../apps/write.ts'
import type { Call } from '../call.ts'
import { insertOne, present, toStored } from '../resource/verbs.ts'
import type { DuplicationArgs } from './args.ts'
import { duplicateAppJob } from './job.ts'
import { DUPLICATIONS_PER_CALL_MAX } from './limits.ts'
import { appDuplications, invalidDuplication } from './resource.ts'

/** Where a duplication goes: an app that is there, or one to be made. */
type Destination = { readonly target: Target } | { readonly app: App; readonly base: BaseWorkflow }

/**
 * Starts duplications of the call's app, all or none. Throws AppError 25204 for what cannot be copied, 11007 where the
 * caller may not read the source or write the destination.
 */
export async function postDuplications(call: Call, given: readonly AppDuplication[]): Promise<AppDuplication[]> {
  const { principal, services, target } = call
  const user = principal.user
  if (!user) throw invalidDuplication('A duplication belongs to a user; send a personal access token.')
  if (given.length === 0 || given.length > DUPLICATIONS_PER_CALL_MAX) {
    throw invalidDuplication(
      `The request has ${given.length} app_duplications; send 1 to ${DUPLICATIONS_PER_CALL_MAX} at a time.`,
    )
  }
  const destinations: Destination[] = []
  for (const wish of given) {
    const filter = checkFilter(wish.filter)
    for (const [scope] of scopesOf(filter)) demandScope(target, scope)
    destinations.push(await destinationOf(call, user, wish, filter))
  }
  const rows = await services.db.transact(async (tx) => {
    const stored: Row<'app_duplications'>[] = []
    for (const [at, wish] of given.entries()) stored.push(await start(tx, call, user, wish, destinations[at]!))
    return stored
  })
  apps.hooks.afterCommit?.(call)
  return present(appDuplications, call, rows)
}

async function start(
  tx: Writer,
  call: Call,
  user: UserRef,
  wish: AppDuplication,
  destination: Destination,
): Promise<Row<'app_duplications'>> {
  const source = requireApp(call.target)
  const isNew = 'app' in destination
  const app = isNew
    ? await createApp(call, user, clone(AppSchema, destination.app), destination.base, tx)
    : destination.target.app!
  const owner = isNew ? user : destination.target.user!
  const common = { status_code: StatusCode.APP_DUPLICATION_PENDING, status_details: '', destination_pk: app.pk }
  const row = await insertOne(appDuplications, call, user, { ...wish, progress: noProgress(wish.filter!) }, tx, common)
  const args: DuplicationArgs = {
    id: row.id,
    pk: row.pk,
    source: { appPk: source.pk, userPk: source.user.pk, minVisibility: visibleFrom(call.target) },
    destination: { appPk: app.pk, userPk: owner.pk, userId: owner.id, appId: app.id, isNew },
    withSecrets: call.target.rights === 'owner' && owner.pk === source.user.pk,
  }
  await call.services.jobs.enqueue(tx, duplicateAppJob, args, {
    userPk: user.pk,
    concurrencyKey: `duplicate-into:${app.pk}`,
  })
  return row
}

function checkFilter(filter: AppDuplicationFilters | undefined): AppDuplicationFilters {
  if (!filter || scopesOf(filter).length === 0) {
    throw invalidDuplication('The filter says nothing to copy; set at least one of its fields, such as copy_concepts.')
  }
  const need = (wish: boolean, name: string, needed: boolean, what: string): void => {
    if (wish && !needed) throw invalidDuplication(`The filter has ${name} without ${what}; set both.`)
  }
  need(filter.copyInputs, 'copy_inputs', filter.copyConcepts, 'copy_concepts')
  need(filter.copyAnnotations, 'copy_annotations', filter.copyInputs, 'copy_inputs')
  need(filter.copyModels, 'copy_models', filter.copyConcepts, 'copy_concepts')
  return filter
}

/** One count for each kind that is asked for. */
function noProgress(filter: AppDuplicationFilters): AppCopyProgress[] {
  const fields = {
    inputs: filter.copyInputs,
    concepts: filter.copyConcepts,
    annotations: filter.copyAnnotations,
    models: filter.copyModels,
    workflows: filter.copyWorkflows,
    installed_module_versions: filter.copyInstalledModuleVersions,
  }
  const asked = Object.entries(fields).filter(([, wanted]) => wanted)
  return asked.map(([field]) => create(AppCopyProgressSchema, { field }))
}

/** For each kind that is copied, the scopes to read it in the source and to add it to the destination. */
function scopesOf(filter: AppDuplicationFilters): readonly (readonly [read: Scope, write: Scope])[] {
  const inputs = [
    [Scope.Inputs_Get, Scope.Inputs_Add],
    [Scope.Annotations_Get, Scope.Annotations_Add],
    [Scope.Datasets_Get, Scope.Datasets_Add],
    [Scope.SavedSearch_Get, Scope.SavedSearch_Add],
  ] as const
  return [
    ...(filter.copyConcepts ? [[Scope.Concepts_Get, Scope.Concepts_Add] as const] : []),
    ...(filter.copyInputs ? inputs : []),
    ...(filter.copyModels ? [[Scope.Models_Get, Scope.Models_Add] as const] : []),
    ...(filter.copyWorkflows ? [[Scope.Workflows_Get, Scope.Workflows_Add] as const] : []),
    ...(filter.copyInstalledModuleVersions
      ? [[Scope.InstalledModuleVersions_Get, Scope.InstalledModuleVersions_Add] as const]
      : []),
  ]
}

async function destinationOf(
  call: Call,
  user: UserRef,
  wish: AppDuplication,
  filter: AppDuplicationFilters,
): Promise<Destination> {
  const { destinationApp: to, existingAppId, newAppId, newAppName } = wish
  if (existingAppId !== '' && (newAppId !== '' || newAppName !== '')) {
    throw invalidDuplication('existing_app_id says that the app is there; leave out new_app_id and new_app_name.')
  }
  const id = to?.id || existingAppId || newAppId
  const target = id === '' ? undefined : await reach(call, to?.userId ?? '', id)
  if (!target) {
    if (existingAppId !== '')
      throw invalidDuplication(`There is no app '${existingAppId}' to copy into; make it first.`)
    return newDestination(call, user, wish, id)
  }
  if (to?.id === undefined && newAppId !== '') {
    throw new AppError(StatusCode.DATABASE_DUPLICATE_KEY, `An app with the id '${id}' already exists; choose another.`)
  }
  if (target.app!.pk === call.target.app?.pk) throw invalidDuplication('An app cannot be copied into itself.')
  if (target.rights === 'viewer') {
    throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, `You may not change the app '${id}'; name one of your own.`)
  }
  for (const [, scope] of scopesOf(filter)) demandScope(target, scope)
  return { target }
}

/** An app like the source, private and the caller's; only a few of its fields can be chosen. */
async function newDestination(call: Call, user: UserRef, wish: AppDuplication, id: string): Promise<Destination> {
  const userId = wish.destinationApp?.userId ?? ''
  if (userId !== '' && userId !== 'me' && userId !== user.id) {
    throw invalidDuplication(`There is no app '${id}' of the user '${userId}'; new apps are made for you alone.`)
  }
  demandScope({ ...call.target, scopes: call.principal.scopes }, Scope.Apps_Add)
  const { read } = call.services.db
  const source = await appRows.getByPk(read, requireApp(call.target).pk)
  if (!source) throw invalidDuplication('The app to copy is gone.')
  const { message } = toStored(apps, source)
  const app = create(AppSchema, {
    id: id || newId(),
    name: wish.newAppName || id,
    description: wish.destinationApp?.description || message.description,
    metadata: message.metadata,
    notes: message.notes,
    image: message.image,
    defaultLanguage: message.defaultLanguage,
    sampleMs: message.sampleMs,
  })
  return { app, base: await baseOf(call, source) }
}

/** The default workflow of the source; the standard one where the caller sees none or may not use its models. */
async function baseOf(call: Call, source: Row<'apps'>): Promise<BaseWorkflow> {
  const workflow = await defaultWorkflow(call.services.db.read, source.pk)
  const wished = create(AppSchema, {
    defaultWorkflow:
      workflow && create(WorkflowSchema, { id: workflow.id, appId: source.id, userId: call.target.user!.id }),
  })
  try {
    return await wantedWorkflow(call, wished)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return wantedWorkflow(call, create(AppSchema))
  }
}
