import { create, equals } from '@bufbuild/protobuf'
import {
  type Concept,
  DataSchema,
  type Model,
  ModelSchema,
  type ModelVersion,
  ModelVersionSchema,
  type OutputInfo,
  OutputInfoSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { withoutFields } from '../resource/fields.ts'
import { applyPatch, type PatchAction, readAction } from '../resource/patch.ts'
import { findRow, rewrite, toStored } from '../resource/verbs.ts'
import { invalidModel } from './checks.ts'
import { type CheckedVersion, checkVersion, storeVersion } from './create-version.ts'
import { findOwnModel, type ModelAt } from './find.ts'
import { lastSettings, type Made } from './post.ts'
import { indexTags, models } from './resource.ts'

/**
 * Patches models, all or none. A patch of `output_info`, as clients before 2023 send it, makes a version with the
 * changed concepts or settings, when they change at all.
 */
export async function patchModels(call: Call, patches: readonly Model[], actionText: string): Promise<Made[]> {
  const action = readAction(actionText, models.patch.actions, models.codes.invalid)
  const found: ModelAt[] = []
  for (const patch of patches) found.push(await findOwnModel(call, patch.id))
  const versions: (CheckedVersion | undefined)[] = []
  for (const [at, patch] of patches.entries()) {
    if (action === 'remove') checkRemove(patch)
    versions.push(patch.outputInfo && (await versionOfPatch(call, found[at]!, patch.outputInfo, action)))
  }
  const made = await call.services.db.transact(async (tx) => {
    const changed: Made[] = []
    for (const [at, patch] of patches.entries()) {
      const { row: seen, place } = found[at]!
      const row = await findRow(models, tx, place.app, seen.id)
      const current = toStored(models, row).message
      const result =
        action === 'remove'
          ? withoutFields(ModelSchema, current, patch.image ? ['image'] : [])
          : applyPatch(ModelSchema, current, patch, action, models.patch.fields)
      const written = await rewrite(models, call, row, result, tx)
      await indexTags(tx, written, result)
      const version = versions[at]
      const stored = version ? await storeVersion(call, tx, written, version) : { model: written, version: undefined }
      changed.push({ model: { row: stored.model, place }, version: stored.version })
    }
    return changed
  })
  models.hooks.afterCommit?.(call)
  return made
}

/** The original removes nothing but the picture and (for older clients) concepts, and nothing beside them. */
function checkRemove(patch: Model): void {
  const named = ModelSchema.fields
    .filter(({ name }) => name !== 'id')
    .filter((field) => {
      const value = (patch as unknown as Record<string, unknown>)[field.localName]
      return Array.isArray(value)
        ? value.length > 0
        : value !== undefined && value !== '' && value !== 0 && value !== false
    })
  const names = named.map(({ name }) => name)
  // Older clients repeat the name beside the concepts that they remove.
  const onlyConcepts = patch.outputInfo !== undefined && names.every((name) => ['output_info', 'name'].includes(name))
  if (onlyConcepts || (names.length === 1 && names[0] === 'image')) return
  throw invalidModel("The action 'remove' takes away the image alone; use 'overwrite' to change other fields.")
}

async function versionOfPatch(
  call: Call,
  model: ModelAt,
  patch: OutputInfo,
  action: PatchAction,
): Promise<CheckedVersion | undefined> {
  const last = await lastSettings(call, model)
  const concepts = patchConcepts(last.concepts, patch.data?.concepts ?? [], action)
  const info = last.message.outputInfo ?? create(OutputInfoSchema)
  const settings = ['output_config', 'params', 'fields_map']
  const changed = action === 'remove' ? info : applyPatch(OutputInfoSchema, info, patch, action, settings)
  const sameConcepts = sameList(concepts, last.concepts)
  if (sameConcepts && equals(OutputInfoSchema, info, changed)) return undefined
  // With other concepts the rows of a head no longer fit; it is left behind.
  const params = sameConcepts && last.head ? { ...changed.params, ...last.head } : changed.params
  const message: ModelVersion = Object.assign(create(ModelVersionSchema), last.message, {
    outputInfo: create(OutputInfoSchema, {
      ...changed,
      params: params as OutputInfo['params'],
      data: create(DataSchema, { concepts: [...concepts] }),
    }),
  })
  return checkVersion(call, model, message)
}

function patchConcepts(
  current: readonly Concept[],
  patch: readonly Concept[],
  action: PatchAction,
): readonly Concept[] {
  if (patch.length === 0) return current
  const named = new Map(patch.map((concept) => [concept.id, concept]))
  if (action === 'overwrite') return patch
  const kept = current.filter(({ id }) => !named.has(id))
  if (action === 'remove') return kept
  const known = new Set(current.map(({ id }) => id))
  const updated = current.map((concept) => named.get(concept.id) ?? concept)
  return [...updated, ...patch.filter(({ id }) => !known.has(id))]
}

const sameList = (a: readonly Concept[], b: readonly Concept[]): boolean =>
  a.length === b.length && a.every(({ id, value }, at) => id === b[at]!.id && value === b[at]!.value)

/** Tags that calls of their own replace. */
export type TagField = 'toolkits' | 'useCases' | 'languages' | 'checkConsents'

/** Replaces one list of tags of a model and returns it as stored; the only action is `overwrite`. */
export async function patchTags(
  call: Call,
  id: string,
  field: TagField,
  tags: readonly string[],
  actionText: string,
): Promise<string[]> {
  readAction(actionText, ['overwrite'], StatusCode.MODEL_INVALID_ARGUMENT)
  const { place, row: seen } = await findOwnModel(call, id)
  const stored = await call.services.db.transact(async (tx) => {
    const row: Row<'models'> = await findRow(models, tx, place.app, seen.id)
    const { message } = toStored(models, row)
    message[field] = [...tags]
    const written = toStored(models, await rewrite(models, call, row, message, tx)).message
    await indexTags(tx, row, written)
    return written[field]
  })
  models.hooks.afterCommit?.(call)
  return stored
}
