import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { packChunk } from '../../evaluation/chunk.ts'
import { MeasureProcess } from '../../evaluation/process.ts'
import {
  addEvaluationChunk,
  changeEvaluation,
  nextEvaluationChunk,
  putEvaluationResults,
} from '../../store/repos/evaluations.ts'
import { evaluations } from '../../store/repos/families.ts'
import { callInApp } from '../inputs/process/call.ts'
import { defineJob } from '../jobs/define.ts'
import { nextExamples } from './examples.ts'
import { predictPart } from './part.ts'
import { findSubject, sourceOf } from './source.ts'

interface Args {
  readonly evaluationPk: number
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
  readonly predicted: boolean
}

const NOTHING_YET: State = { from: 0, chunks: 0, gone: 0, failed: 0, reason: '', predicted: false }

const { MODEL_EVALUATED, MODEL_EVALUATING, MODEL_EVALUATION_FAILED } = StatusCode

/**
 * Evaluates a model version: lets it predict the examples, part by part, each part with what is true of it in one
 * commit; then measures all parts. A server that was killed goes on with the next part.
 */
export const evaluateJob = defineJob<Args, State>({
  kind: 'evaluate',
  async run({ args, id, services, signal, log, checkpoint, ...context }) {
    const { db, clock } = services
    const row = await evaluations.getByPk(db.read, args.evaluationPk)
    if (!row || row.status_code === MODEL_EVALUATED) return
    const call = await callInApp(services, row.app_pk, { requestId: id, signal, log })
    const subject = call && (await findSubject(call, row.model_version_pk))
    if (!subject) return
    const source = await sourceOf(call, row, subject)
    let state = context.state ?? NOTHING_YET
    await checkpoint(async (tx) => {
      await changeEvaluation(tx, row.pk, { status_code: MODEL_EVALUATING, status_details: '' }, clock.now())
      return { state }
    })
    const measure = new MeasureProcess(signal)
    try {
      await measure.begin({
        task: subject.task,
        concepts: subject.concepts.map((concept) => ({
          id: concept.id,
          name: concept.name,
          appId: concept.appId || subject.found.appId,
        })),
        splits: 1,
        spoolDir: services.config.dataDir,
        ...(subject.head && { head: subject.head.params }),
      })
      for (let done = context.done; !state.predicted; ) {
        const page = await nextExamples(services, source, state.from)
        if (!page) {
          state = { ...state, predicted: true }
          await checkpoint(async () => ({ state, done }))
          break
        }
        const part = await predictPart(call, subject, measure, source.place.appPk, page.inputs)
        const position = state.chunks
        state = {
          ...state,
          from: page.next,
          chunks: position + 1,
          gone: state.gone + part.gone,
          failed: state.failed + part.failed,
          reason: state.reason || part.reason,
        }
        done += part.chunk.ids.length
        const content = packChunk(part.chunk)
        await checkpoint(async (tx) => {
          const examples = part.chunk.ids.length
          await addEvaluationChunk(tx, { evaluation_pk: row.pk, position, examples, content })
          return { state, done }
        })
      }
      let examples = 0
      for (let at = 0; ; ) {
        const chunk = await nextEvaluationChunk(db.read, row.pk, at)
        if (!chunk) break
        at = chunk.position + 1
        examples += chunk.examples
        await measure.add(chunk.content)
      }
      if (examples === 0) refuseWhereNothingIs(state)
      const figures = await measure.figures()
      await checkpoint(async (tx) => {
        const { rocAuc, f1, precision, recall, meanAveragePrecision } = figures.sorted
        const doc = JSON.stringify({ ...JSON.parse(row.doc), summary: JSON.parse(figures.summary) })
        const change = {
          status_code: MODEL_EVALUATED,
          status_details: leftOut(state, examples),
          doc,
          roc_auc: rocAuc ?? null,
          f1: f1 ?? null,
          macro_precision: precision ?? null,
          macro_recall: recall ?? null,
          mean_average_precision: meanAveragePrecision ?? null,
        }
        if (await changeEvaluation(tx, row.pk, change, clock.now())) {
          await putEvaluationResults(tx, row.pk, figures.fields)
        }
        return undefined
      })
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
function leftOut({ gone, failed, reason }: State, examples: number): string {
  const parts = [
    ...(gone > 0 ? [`${gone} were deleted`] : []),
    ...(failed > 0 ? [`${failed} could not be predicted (the first: ${reason})`] : []),
  ]
  return parts.length === 0
    ? ''
    : `${gone + failed} of ${gone + failed + examples} inputs were left out: ${parts.join(', ')}.`
}

/** Whether a code is one of those by which clients know that an evaluation failed. */
const isFailure = (code: number): boolean =>
  code >= StatusCode.MODEL_EVALUATION_TIMED_OUT && code <= MODEL_EVALUATION_FAILED
