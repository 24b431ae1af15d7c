import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { packChunk } from '../../evaluation/chunk.ts'
import { MeasureProcess } from '../../evaluation/process.ts'
import type { JobContext } from '../../jobs/define.ts'
import type { Reader } from '../../store/database.ts'
import { chunksOf } from '../../store/repos/dataset-versions.ts'
import {
  addEvaluationChunk,
  changeEvaluation,
  nextEvaluationChunk,
  putEvaluationResults,
} from '../../store/repos/evaluations.ts'
import { evaluations } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { callInApp } from '../inputs/process/call.ts'
import { defineJob } from '../jobs/define.ts'
import type { Services } from '../services.ts'
import { nextExamples } from './examples.ts'
import { canCrossValidate, crossValidate } from './folds.ts'
import { predictPart } from './part.ts'
import { findSubject, readyVersion, sourceOf } from './source.ts'
import { StoredPredictions } from './stored-predictions.ts'
import type { Subject } from './subject.ts'

interface Args {
  readonly evaluationPk: number
  /** The inputs to evaluate with, where a search has chosen them. */
  readonly inputPks?: readonly number[]
  /** The dataset version that has the predictions, where nothing is to be predicted. */
  readonly predictionsPk?: number
}

/** How far an evaluation is. */
interface State {
  /** Where the next examples begin. */
  readonly from: number
  readonly chunks: number
  readonly gone: number
  readonly failed: number
  /** Why the first one that failed did. */
  readonly reason: string
  /** Films of which only the moments failed, and why those of the first did. */
  readonly films: number
  readonly filmReason: string
  readonly predicted: boolean
  /** Folds that the predictions come from. */
  readonly splits: number
}

const NOTHING_YET: State = {
  from: 0,
  chunks: 0,
  gone: 0,
  failed: 0,
  reason: '',
  films: 0,
  filmReason: '',
  predicted: false,
  splits: 1,
}

const { MODEL_EVALUATED, MODEL_EVALUATING, MODEL_EVALUATION_FAILED } = StatusCode

/**
 * Evaluates a model version: lets it predict the examples, part by part, each part with what is true of it in one
 * commit; then measures all parts. A server that was killed goes on with the next part.
 */
export const evaluateJob = defineJob<Args, State>({
  kind: 'evaluate',
  async run(ctx) {
    const { args, id, services, signal, log } = ctx
    const row = await evaluations.getByPk(services.db.read, args.evaluationPk)
    if (!row || row.status_code === MODEL_EVALUATED) return
    const call = await callInApp(services, row.app_pk, { requestId: id, signal, log })
    const found = call && (await findSubject(call, row.model_version_pk))
    if (!found) return
    const { subject, home } = found
    await ctx.checkpoint(async (tx) => {
      await changeEvaluation(tx, row.pk, { status_code: MODEL_EVALUATING, status_details: '' }, services.clock.now())
      return undefined
    })
    let state: State = { ...NOTHING_YET, ...ctx.state }
    if (
      !state.predicted &&
      !args.inputPks &&
      !args.predictionsPk &&
      (await wantsFolds(services.db.read, row, subject))
    ) {
      state = await predictFolds(ctx, row, subject, home)
    }
    const measure = new MeasureProcess(signal)
    try {
      await measure.begin({
        task: subject.task,
        concepts: subject.concepts.map((concept) => ({
          id: concept.id,
          name: concept.name,
          appId: concept.appId || subject.found.appId,
        })),
        splits: state.splits,
        spoolDir: services.config.dataDir,
        ...(subject.head && { head: subject.head.params }),
      })
      if (!state.predicted) state = await predictParts(ctx, { row, call, subject, state, measure })
      await measureAll(ctx, row, state, measure)
    } finally {
      measure.close()
    }
  },
  async settled(tx, { status, args, error }, { clock }) {
    if (status === 'succeeded') return
    const code = error && isFailure(error.code) ? error.code : MODEL_EVALUATION_FAILED
    const details = error?.details ?? 'The evaluation was cancelled.'
    await changeEvaluation(tx, args.evaluationPk, { status_code: code, status_details: details }, clock.now())
  },
})

type Context = JobContext<Args, State, Services>

/** Whether the version is trained anew on parts of its examples: unless told otherwise, when no others are named. */
async function wantsFolds(db: Reader, row: Row<'evaluations'>, { head, found }: Subject): Promise<boolean> {
  const doc = JSON.parse(row.doc) as { eval_info?: { params?: { use_kfold?: unknown } } }
  const wanted = doc.eval_info?.params?.use_kfold
  if (wanted === false) return false
  const isPossible = head !== undefined && (await canCrossValidate(db, found.versionRow.pk))
  if (wanted === true && !isPossible) {
    throw new AppError(
      MODEL_EVALUATION_FAILED,
      'Only heads that were trained here can be trained again without a part of their examples; set use_kfold to false.',
    )
  }
  return isPossible && (wanted === true || (row.dataset_version_pk === null && row.app_pk === found.modelRow.app_pk))
}

async function predictFolds(ctx: Context, row: Row<'evaluations'>, subject: Subject, home: Call): Promise<State> {
  const { chunks, splits } = await crossValidate({
    home,
    subject,
    datasetVersionPk: row.dataset_version_pk,
    keep: (work) =>
      ctx.checkpoint(async (tx) => {
        await work(tx)
        return undefined
      }),
  })
  const state = { ...NOTHING_YET, predicted: true, splits, chunks: chunks.length }
  await ctx.checkpoint(async (tx) => {
    for (const [position, chunk] of chunks.entries()) {
      const examples = chunk.ids.length
      await addEvaluationChunk(tx, { evaluation_pk: row.pk, position, examples, content: packChunk(chunk) })
    }
    return { state }
  })
  return state
}

interface Predicting {
  readonly row: Row<'evaluations'>
  readonly call: Call
  readonly subject: Subject
  readonly state: State
  readonly measure: MeasureProcess
}

async function predictParts(ctx: Context, { row, call, subject, measure, ...begun }: Predicting): Promise<State> {
  const source = await sourceOf(call, row, subject, ctx.args.inputPks)
  const { predictionsPk } = ctx.args
  if (predictionsPk !== undefined) await readyVersion(ctx.services.db.read, predictionsPk, ctx.signal)
  const stored = predictionsPk === undefined ? undefined : await storedPredictions(ctx.services, predictionsPk)
  let { state } = begun
  for (let { done } = ctx; ; ) {
    const page = await nextExamples(ctx.services, source, state.from)
    if (!page) {
      state = { ...state, predicted: true }
      await ctx.checkpoint(async () => ({ state, done }))
      return state
    }
    const part = await predictPart(call, subject, measure, { appPk: source.place.appPk, inputs: page.inputs, stored })
    const position = state.chunks
    state = {
      ...state,
      from: page.next,
      chunks: position + 1,
      gone: state.gone + part.gone,
      failed: state.failed + part.failed,
      reason: state.reason || part.reason,
      films: state.films + part.films,
      filmReason: state.filmReason || part.filmReason,
    }
    const examples = part.chunk.ids.length
    done += examples
    const content = packChunk(part.chunk)
    await ctx.checkpoint(async (tx) => {
      await addEvaluationChunk(tx, { evaluation_pk: row.pk, position, examples, content })
      return { state, done }
    })
  }
}

async function storedPredictions({ db, blobs }: Services, versionPk: number): Promise<StoredPredictions> {
  const chunks = await chunksOf(db.read, versionPk)
  return new StoredPredictions(
    blobs,
    chunks.map(({ hash }) => hash),
  )
}

async function measureAll(
  { services, checkpoint }: Context,
  row: Row<'evaluations'>,
  state: State,
  measure: MeasureProcess,
): Promise<void> {
  const { db, clock } = services
  let examples = 0
  for (let at = 0; ; ) {
    const chunk = await nextEvaluationChunk(db.read, row.pk, at)
    if (!chunk) break
    at = chunk.position + 1
    examples += chunk.examples
    await measure.add(chunk.content)
  }
  if (examples === 0) refuseWhereNothingIs(state)
  const { sorted, summary, fields } = await measure.figures()
  await checkpoint(async (tx) => {
    const change = {
      status_code: MODEL_EVALUATED,
      status_details: leftOut(state, examples),
      doc: JSON.stringify({ ...JSON.parse(row.doc), summary: JSON.parse(summary) }),
      roc_auc: sorted.rocAuc ?? null,
      f1: sorted.f1 ?? null,
      macro_precision: sorted.precision ?? null,
      macro_recall: sorted.recall ?? null,
      mean_average_precision: sorted.meanAveragePrecision ?? null,
    }
    if (await changeEvaluation(tx, row.pk, change, clock.now())) await putEvaluationResults(tx, row.pk, fields)
    return undefined
  })
}

/** Says why there is nothing to measure, where that is not for want of labels. */
function refuseWhereNothingIs({ failed, reason }: State): void {
  if (failed > 0) {
    throw new AppError(
      StatusCode.MODEL_PREDICTION_FAILED,
      `The model could predict none of the ${failed} inputs, the first because: ${reason}`,
    )
  }
}

/** What an evaluation that succeeded says of the examples that are not in it; empty when all are. */
function leftOut({ gone, failed, reason, films, filmReason }: State, examples: number): string {
  const parts = [
    ...(gone > 0 ? [`${gone} were deleted`] : []),
    ...(failed > 0 ? [`${failed} could not be predicted (the first: ${reason})`] : []),
  ]
  const sentences = [
    ...(parts.length > 0
      ? [`${gone + failed} of ${gone + failed + examples} inputs were left out: ${parts.join(', ')}.`]
      : []),
    ...(films > 0
      ? [`Of ${films} ${films === 1 ? 'film' : 'films'} the moments were left out (the first: ${filmReason}).`]
      : []),
  ]
  return sentences.join(' ')
}

/** Whether a code is one of those by which clients know that an evaluation failed. */
const isFailure = (code: number): boolean =>
  code >= StatusCode.MODEL_EVALUATION_TIMED_OUT && code <= MODEL_EVALUATION_FAILED
