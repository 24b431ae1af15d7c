import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import {
  type Concept,
  ConceptSchema,
  type MethodSignature,
  type ModelVersion,
  ModelVersionSchema,
  OutputInfoSchema,
} from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { checkSetup } from '../../engines/operators/check-setup.ts'
import type { Writer } from '../../store/database.ts'
import { modelVersions } from '../../store/repos/families.ts'
import { publicVersionExists, renewLatestVersion, versionConcepts } from '../../store/repos/model-versions.ts'
import { releaseFilesOfVersions } from '../../store/repos/version-files.ts'
import { deprecateWorkflowsWith } from '../../store/repos/workflow-uses.ts'
import type { Row } from '../../store/schema/tables.ts'
import { checkOutputConfig } from '../../workflow/compile/settings.ts'
import { checkParams } from '../../workflow/model-types/index.ts'
import { Visible } from '../access/target.ts'
import type { Call } from '../call.ts'
import { applyPatch, type PatchAction, readAction } from '../resource/patch.ts'
import { findRow, rewrite, toStored } from '../resource/verbs.ts'
import { checkTexts, invalidModel, visibilityOf } from './checks.ts'
import { typeOf } from './create-version.ts'
import type { ModelAt } from './find.ts'
import { bringsHead } from './head.ts'
import { checkRemote, isRemote } from './remote.ts'
import { models } from './resource.ts'
import { sealSecrets } from './secrets.ts'
import { pruneVersionJobs } from './version-jobs.ts'

const PATCHABLE = ['description', 'license', 'metadata', 'inference_compute_info']
const OUTPUT_PATCHABLE = ['output_config', 'params', 'fields_map', 'params_specs']

/** Reads versions for a change in its transaction; throws AppError 11101 for the first one that is not there. */
async function versionsForChange(tx: Writer, model: ModelAt, ids: readonly string[]): Promise<Row<'model_versions'>[]> {
  const found = await modelVersions.getMany(tx, model.row.pk, ids)
  return ids.map((id) => {
    const row = found.get(id)
    if (row) return row
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The model '${model.row.id}' has no version '${id}'.`)
  })
}

/** Patches versions of a model, all or none; what a version answers cannot be changed, only how and for whom. */
export async function patchVersions(
  call: Call,
  model: ModelAt,
  patches: readonly ModelVersion[],
  actionText: string,
): Promise<Row<'model_versions'>[]> {
  const action = readAction(actionText, ['merge', 'overwrite', 'remove'], StatusCode.MODEL_INVALID_ARGUMENT)
  for (const { outputInfo } of patches) {
    if ((outputInfo?.data?.concepts ?? []).length > 0 || bringsHead(outputInfo?.params ?? {})) {
      throw invalidModel('Concepts and weights of a version cannot be changed; make a new version.')
    }
  }
  const { type, operator } = typeOf(model.row)
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'model_versions'>[] = []
    for (const patch of patches) {
      const [row] = await versionsForChange(tx, model, [patch.id])
      const current = decodeDoc(ModelVersionSchema, row!.doc)
      const result = applyPatch(ModelVersionSchema, current, patch, action, PATCHABLE)
      result.methodSignatures = patchSignatures(current.methodSignatures, patch.methodSignatures, action)
      if (patch.outputInfo) {
        const info = current.outputInfo ?? create(OutputInfoSchema)
        result.outputInfo = applyPatch(OutputInfoSchema, info, patch.outputInfo, action, OUTPUT_PATCHABLE)
        checkOutputConfig(result.outputInfo.outputConfig)
        const params = checkRemote(checkParams(type, result.outputInfo.params ?? {}), type.id)
        if (isRemote(params) !== isRemote(info.params)) {
          throw invalidModel('Where a version runs cannot be changed, only how it is reached; make a new version.')
        }
        result.outputInfo.params = params
        if (operator && patch.outputInfo.params)
          await checkSetup(type.id, { params, concepts: await conceptsOf(tx, row!) })
      }
      checkTexts(result)
      const visibility = patch.visibility && action !== 'remove' ? visibilityOf(patch.visibility) : row!.visibility
      const doc = encodeDoc(sealSecrets(call.services.vault, type.id, result))
      const change = { doc, description: result.description, visibility }
      changed.push(await modelVersions.update(tx, row!, change, call.services.clock.now()))
    }
    return changed
  })
  models.hooks.afterCommit?.(call)
  return rows
}

/** Signatures have no id but their names; those of the patch take the place of those that are there. */
function patchSignatures(
  current: readonly MethodSignature[],
  patch: readonly MethodSignature[],
  action: PatchAction,
): MethodSignature[] {
  if (action === 'overwrite' && patch.length > 0) return [...patch]
  const named = new Set(patch.map(({ name }) => name))
  const kept = current.filter(({ name }) => !named.has(name))
  return action === 'remove' ? kept : [...kept, ...patch]
}

/** Concepts of a version as its operator gets them. */
async function conceptsOf(tx: Writer, { pk }: Row<'model_versions'>): Promise<Concept[]> {
  const rows = await versionConcepts(tx, pk)
  return rows.map(({ id, name, link }) =>
    create(ConceptSchema, { id, name, value: decodeDoc(ConceptSchema, link).value }),
  )
}

/** Deletes a version; workflow versions that use it are marked as deprecated. */
export async function deleteVersion(call: Call, model: ModelAt, id: string): Promise<void> {
  await call.services.db.transact(async (tx) => {
    const [row] = await versionsForChange(tx, model, [id])
    await releaseFilesOfVersions(tx, [row!.pk], call.services.clock.now())
    await modelVersions.deleteMany(tx, model.row.pk, [id])
    await renewLatestVersion(tx, model.row.pk)
    await deprecateWorkflowsWith(tx, [id])
  })
  models.hooks.afterCommit?.(call)
  await pruneVersionJobs(call.services)
}

/**
 * Makes versions public or private again. The model is public as long as one of its versions is: a public version of
 * a hidden model could not be reached.
 */
export async function publishVersions(
  call: Call,
  model: ModelAt,
  ids: readonly string[],
  visibility: typeof Visible.PUBLIC | typeof Visible.PRIVATE,
): Promise<void> {
  await call.services.db.transact(async (tx) => {
    const now = call.services.clock.now()
    for (const row of await versionsForChange(tx, model, [...new Set(ids)])) {
      await modelVersions.update(tx, row, { visibility }, now)
    }
    const open = await publicVersionExists(tx, model.row.pk, Visible.PUBLIC)
    const row = await findRow(models, tx, model.place.app, model.row.id)
    const wanted = open ? Visible.PUBLIC : visibility
    if (row.visibility === wanted) return
    const { message } = toStored(models, row)
    message.visibility = { $typeName: 'clarifai.api.Visibility', gettable: wanted }
    await rewrite(models, call, row, message, tx)
  })
  models.hooks.afterCommit?.(call)
}
