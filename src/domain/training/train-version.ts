import { create } from '@bufbuild/protobuf'
import { ConceptSchema, type ModelVersion, ModelVersionSchema, StatusSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { JobContext } from '../../jobs/define.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { conceptsById } from '../../store/repos/concept-pks.ts'
import { models, modelVersions } from '../../store/repos/families.ts'
import { putTraining, putTrainingStart } from '../../store/repos/model-trainings.ts'
import { putHead, setVersionConcepts, versionConcepts } from '../../store/repos/model-versions.ts'
import type { Row } from '../../store/schema/tables.ts'
import { callInApp } from '../inputs/process/call.ts'
import type { Services } from '../services.ts'
import { anchorExamples } from './anchors.ts'
import { baseOfRecord } from './base.ts'
import { checkExamples, checkSize, checkTrained } from './check.ts'
import { computeOutcome } from './compute.ts'
import { datasetVersionOf } from './dataset.ts'
import { embedExamples } from './embed.ts'
import { type ExampleWish, type GatheredExamples, gatherExamples, gatherInputs } from './examples.ts'
import { type TrainingKind, trainingKind } from './kinds.ts'
import { trainingLog } from './log.ts'
import { cannotTrain } from './problem.ts'
import { type TrainingRecord, trainingRecord } from './record.ts'
import { readSettings, type TrainingSettings } from './settings.ts'
import { startOf } from './start.ts'
import { labelsOfRows } from './vectors.ts'

/** What a training needs of its job. */
export type TrainingContext = Pick<
  JobContext<unknown, never, Services>,
  'id' | 'services' | 'signal' | 'log' | 'appPk' | 'done' | 'checkpoint'
>

/** A version that is to be trained or is being trained; undefined when it was deleted or is trained. */
export async function untrainedVersion(db: Reader, versionPk: number): Promise<Row<'model_versions'> | undefined> {
  const row = await modelVersions.getByPk(db, versionPk)
  const isOpen =
    row?.status_code === StatusCode.MODEL_QUEUED_FOR_TRAINING || row?.status_code === StatusCode.MODEL_TRAINING
  return isOpen ? row : undefined
}

/**
 * Trains one version from the data and the embedder that its record names; throws AppError 21106 or 21110 when that
 * leads nowhere. May be begun again after any interruption.
 */
export async function trainVersion(ctx: TrainingContext, versionPk: number): Promise<void> {
  const { services } = ctx
  const row = await untrainedVersion(services.db.read, versionPk)
  if (!row) return
  services.trainer.warmUp()
  if (row.status_code !== StatusCode.MODEL_TRAINING) await begin(ctx, versionPk)
  const message = decodeDoc(ModelVersionSchema, row.doc)
  const { timeoutMs } = readSettings(message)
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([ctx.signal, timeout])
  try {
    await compute({ ...ctx, signal }, row, message)
  } catch (error) {
    if (!timeout.aborted || ctx.signal.aborted) throw error
    throw cannotTrain(
      `The training took longer than ${timeoutMs / 1_000} seconds; train on fewer examples or raise output_config.training_timeout.`,
    )
  }
}

async function begin({ services, checkpoint }: TrainingContext, versionPk: number): Promise<void> {
  await checkpoint(async (tx) => {
    const row = await untrainedVersion(tx, versionPk)
    if (row) await modelVersions.update(tx, row, { status_code: StatusCode.MODEL_TRAINING }, services.clock.now())
    return undefined
  })
}

async function compute(ctx: TrainingContext, row: Row<'model_versions'>, message: ModelVersion): Promise<void> {
  const { services, signal, log } = ctx
  const { read } = services.db
  const startedAt = performance.now()
  const model = (await models.getByPk(read, row.model_pk))!
  const kind = trainingKind(model.model_type_id)
  const record = await trainingRecord(read, row.pk)
  const call = await callInApp(services, model.app_pk, { requestId: ctx.id, signal, log })
  if (!kind || !record?.base || !call)
    throw cannotTrain('What the version was to be trained from is not there any more.')
  const settings = readSettings(message)
  const base = await baseOfRecord(call, record.base)
  const datasetVersionPk = record.dataset && (await datasetVersionOf(call, record.dataset))
  const linked = await versionConcepts(read, row.pk)
  const wish = { appPk: model.app_pk, places: kind.places, datasetVersionPk }
  const isBlind = kind.task === 'clusters'
  const listed = linked.map(({ id }) => id)
  const conceptIds = isBlind || listed.length > 0 ? listed : await conceptsOfData(services, wish)
  const gathered = isBlind
    ? await gatherInputs(services, wish)
    : await gatherLabelled(services, { ...wish, conceptIds }, kind, settings)
  checkExamples(gathered, settings, record, kind)
  const vectors = await embedExamples(
    {
      call,
      base,
      alwaysCrop: kind.anchors ?? false,
      keep: (work, computed) =>
        ctx.checkpoint(async (tx) => {
          await work(tx)
          return { done: ctx.done + computed }
        }),
    },
    gathered.examples,
  )
  const labels = labelsOfRows(gathered.labels, vectors.rows)
  const gatheredAt = performance.now()
  const missing = gathered.examples.length - vectors.rows.length + gathered.gone
  checkTrained({ used: vectors.rows.length, unusable: missing, problem: vectors.problem }, settings, base.modelId)
  const { mutuallyExclusive, hyper } = settings
  const { dims } = vectors
  checkSize(vectors.rows.length, dims, conceptIds.length, mutuallyExclusive)
  const wished = { modelPk: row.model_pk, base: record.base, settings, conceptIds, dims }
  const start = kind.task === 'head' ? await startOf(read, wished) : undefined
  const inputPks = Int32Array.from(vectors.rows, (place) => gathered.examples[place]!.inputPk)
  const order = { kind, settings, conceptIds, vectors, labels, inputs: inputPks, start }
  const outcome = await computeOutcome(services, order, signal)
  const unusable = missing + outcome.dropped
  const used = vectors.rows.length - outcome.dropped
  checkTrained({ used, unusable, problem: vectors.problem }, settings, base.modelId)
  const inputs = new Set(inputPks).size
  const { hash, contradictions, found, held, dropped } = outcome
  const whole: TrainingRecord = {
    ...record,
    done: {
      mutuallyExclusive,
      hyper,
      data: {
        hash,
        examples: vectors.rows.length,
        inputs,
        dims,
        unusable,
        dropped,
        contradictions,
        computed: vectors.computed,
      },
      ...found,
      milliseconds: {
        gathering: Math.round(gatheredAt - startedAt),
        training: Math.round(performance.now() - gatheredAt),
      },
    },
  }
  await ctx.checkpoint(async (tx) => {
    const current = await untrainedVersion(tx, row.pk)
    if (!current) return undefined
    if (linked.length === 0 && conceptIds.length > 0) {
      const known = await conceptsById(tx, model.app_pk, conceptIds)
      const doc = encodeDoc(create(ConceptSchema, { value: 1 }))
      if (known.size < conceptIds.length) throw cannotTrain('A concept of the data was deleted meanwhile; train again.')
      await setVersionConcepts(
        tx,
        row.pk,
        conceptIds.map((id) => ({ conceptPk: known.get(id)!.pk, doc })),
      )
    }
    await putHead(tx, row.pk, JSON.stringify(outcome.params))
    await putTraining(tx, row.pk, JSON.stringify(whole))
    if (held) await putTrainingStart(tx, row.pk, held)
    await settle(tx, current, StatusCode.MODEL_TRAINED, '', services.clock.now(), {
      totalInputCount: whole.done!.data.inputs,
      trainLog: trainingLog(whole),
    })
    return undefined
  })
  services.plans.clear()
}

async function gatherLabelled(
  services: Services,
  wish: ExampleWish,
  { anchors }: TrainingKind,
  { hyper }: TrainingSettings,
): Promise<GatheredExamples> {
  const gathered = await gatherExamples(services, wish)
  return anchors ? anchorExamples(gathered, hyper.seed ?? 0) : gathered
}

/** The concepts of a version that lists none: all that its dataset version has and the app still knows. */
async function conceptsOfData(services: Services, wish: ExampleWish): Promise<string[]> {
  const { conceptIds } = await gatherExamples(services, { ...wish, conceptIds: undefined })
  const known = await conceptsById(services.db.read, wish.appPk, conceptIds)
  return [...known.keys()].sort()
}

/** Makes a version that is being trained MODEL_TRAINING_FAILED, or what the code says, with the reason. */
export async function failTraining(
  { clock }: Pick<Services, 'clock'>,
  tx: Writer,
  versionPk: number,
  code: StatusCode,
  details: string,
): Promise<void> {
  const row = await untrainedVersion(tx, versionPk)
  if (row) await settle(tx, row, code, details, clock.now(), { trainLog: `The training failed: ${details}` })
}

async function settle(
  tx: Writer,
  row: Row<'model_versions'>,
  code: StatusCode,
  details: string,
  now: number,
  facts: Partial<Pick<ModelVersion, 'totalInputCount' | 'trainLog'>>,
): Promise<void> {
  const message = decodeDoc(ModelVersionSchema, row.doc)
  Object.assign(message, facts)
  message.status = details === '' ? undefined : create(StatusSchema, { details })
  const completed = code === StatusCode.MODEL_TRAINED ? now : null
  await modelVersions.update(tx, row, { doc: encodeDoc(message), status_code: code, completed_at: completed }, now)
}
