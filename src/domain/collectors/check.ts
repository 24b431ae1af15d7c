import { AppError } from '../../base/errors.ts'
import type { Collector } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { requireKey } from '../credentials/keys.ts'
import { resolveModel } from '../models/resolve.ts'
import { checkTexts } from '../resource/checks.ts'
import { findWorkflow } from '../workflows/find.ts'
import { preQueueWorkflow } from './filter.ts'
import { posterOf } from './poster.ts'

/** The refusal of a collector that must not be stored. */
export const invalidCollector = (details: string): AppError => new AppError(StatusCode.CONN_INVALID_REQUEST, details)

/** Whose predictions of which model are collected, by pks; 0 for every version, and for everybody. */
export interface FoundSource {
  readonly modelPk: number
  readonly versionPk: number
  readonly callerPk: number
}

/**
 * Checks a collector and finds what it names. The key is kept by its public id, and a caller is filled in where the
 * message names none: it is the owner of the app, unless the model is the owner's too, who then may see all calls.
 * Throws AppError 10004, 11007 (a key that may not post), 21200, 11101, 22102, 22107.
 */
export async function checkCollector(collector: Collector, call: Call): Promise<FoundSource> {
  checkTexts(collector, StatusCode.CONN_INVALID_REQUEST)
  const source = collector.collectorSource?.apiPostModelOutputsCollectorSource
  if (!source || source.modelId === '') {
    throw invalidCollector(
      'The collector has no source; name a model in collector_source.api_post_model_outputs_collector_source.',
    )
  }
  checkStatus(collector)
  await checkFilters(collector, call)
  const app = requireApp(call.target)
  const { modelUserId: userId, modelAppId: appId, modelId, modelVersionId: versionId } = source
  const { modelRow, versionRow, ...model } = await resolveModel(call, { userId, appId, modelId, versionId })
  Object.assign(source, { modelUserId: model.userId, modelAppId: model.appId, modelId: model.modelId })
  await checkKey(collector, call)
  const own = model.userId === app.user.id
  if (source.callerUserId === '' && !own) source.callerUserId = app.user.id
  return {
    modelPk: modelRow.pk,
    versionPk: versionId === '' ? 0 : versionRow.pk,
    callerPk: source.callerUserId === '' ? 0 : await callerPk(call, source.callerUserId, own),
  }
}

/** Inputs are what callers show to a model: only its owner may have those of others. */
async function callerPk(call: Call, id: string, own: boolean): Promise<number> {
  const { user } = requireApp(call.target)
  if (id === user.id) return user.pk
  if (!own) {
    throw new AppError(
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      `Calls of '${id}' can be collected only from models of your own; leave out caller_user_id.`,
    )
  }
  const found = await call.services.directory.user(id)
  if (!found) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no user '${id}'.`)
  return found.pk
}

function checkStatus({ status }: Collector): void {
  const code = status?.code || StatusCode.COLLECTOR_ACTIVE
  if (code === StatusCode.COLLECTOR_ACTIVE || code === StatusCode.COLLECTOR_INACTIVE) return
  // Who patches a collector sends it back as he got it.
  if (code === StatusCode.COLLECTOR_POST_INPUT_FAILED) return
  throw invalidCollector(
    `A collector cannot have the status ${code}; use ${StatusCode.COLLECTOR_ACTIVE} or ${StatusCode.COLLECTOR_INACTIVE}.`,
  )
}

async function checkFilters(collector: Collector, call: Call): Promise<void> {
  const { preQueueWorkflowId: pre, postQueueWorkflowId: post, preQueueRandomSample: fraction } = collector
  if (!(fraction >= 0 && fraction <= 1)) {
    throw invalidCollector(`pre_queue_random_sample is ${fraction}; use a fraction over 0 and up to 1.`)
  }
  if (pre === '' && post === '' && fraction === 0) {
    throw invalidCollector(
      'The collector says not what to take; set pre_queue_workflow_id, pre_queue_random_sample or post_queue_workflow_id.',
    )
  }
  if (pre !== '' && fraction > 0) {
    throw invalidCollector('The collector has pre_queue_workflow_id and pre_queue_random_sample; set one of them.')
  }
  if (pre !== '') await preQueueWorkflow(call, pre)
  if (post !== '') await findWorkflow(call, post)
}

async function checkKey(collector: Collector, call: Call): Promise<void> {
  const source = collector.collectorSource!.apiPostModelOutputsCollectorSource!
  const { user } = call.principal
  if (!user || source.postInputsKeyId === '') {
    throw invalidCollector('The collector has no post_inputs_key_id; name a key of yours that may post inputs here.')
  }
  const app = requireApp(call.target)
  const row = await requireKey(call.services.db.read, user, source.postInputsKeyId)
  // Never the secret itself.
  source.postInputsKeyId = row.public_id
  await posterOf({ ...call, target: { ...call.target, user: app.user } }, row.public_id)
}
