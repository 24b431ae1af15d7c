import { create } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import {
  type Concept,
  type Data,
  DataSchema,
  EvalMetricsSchema,
  type EvaluationMetricValue,
  EvaluationMetricValueSchema,
  type Input,
  InputSchema,
  MetricsSummarySchema,
  MetricValueSchema,
  type WorkflowVersionEvaluationData,
  WorkflowVersionEvaluationDataSchema,
  WorkflowVersionEvaluationSchema,
} from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { packChunk } from '../../evaluation/chunk.ts'
import type { Figures } from '../../evaluation/messages.ts'
import { MeasureProcess } from '../../evaluation/process.ts'
import type { JobContext } from '../../jobs/define.ts'
import type { Reader } from '../../store/database.ts'
import { inputs as inputRows, workflowEvaluations, workflows, workflowVersions } from '../../store/repos/families.ts'
import { addEvaluationData, changeWorkflowEvaluation, evaluationData } from '../../store/repos/workflow-evaluations.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { nextExamples } from '../evaluations/examples.ts'
import { PREDICTED_TOGETHER } from '../evaluations/limits.ts'
import { runStored } from '../evaluations/predict.ts'
import { readyVersion } from '../evaluations/source.ts'
import { ConceptPlaces } from '../evaluations/subject.ts'
import { isLabelled } from '../evaluations/truths.ts'
import { callInApp } from '../inputs/process/call.ts'
import { defineJob } from '../jobs/define.ts'
import { type ReadyWorkflow, readyWorkflow } from '../predict/workflow.ts'
import type { Services } from '../services.ts'
import { evaluationFailed } from './problem.ts'

interface Args {
  readonly evaluationPk: number
}

/** How far an evaluation is. */
interface State {
  readonly from: number
  readonly examples: number
  readonly left: number
  readonly reason: string
}

const NOTHING_YET: State = { from: 0, examples: 0, left: 0, reason: '' }
const PRESENT = 0.5
const DATA_PER_READ = 500

const { EVALUATION_IN_PROGRESS, EVALUATION_SUCCESS, EVALUATION_FAILED } = StatusCode

/**
 * Evaluates a node of a workflow version: runs the workflow on the inputs of a dataset version, keeps what the node says
 * about each together with what is true of it, then compares them.
 */
export const evaluateWorkflowJob = defineJob<Args, State>({
  kind: 'evaluate-workflow',
  async run(ctx) {
    const { args, id, services, signal, log, checkpoint } = ctx
    const row = await workflowEvaluations.getByPk(services.db.read, args.evaluationPk)
    const call = row && (await callInApp(services, row.app_pk, { requestId: id, signal, log }))
    const ready = call && (await workflowOf(call, row))
    if (!ready || row.status_code === EVALUATION_SUCCESS) return
    await checkpoint(async (tx) => {
      const change = { status_code: EVALUATION_IN_PROGRESS, status_details: '' }
      await changeWorkflowEvaluation(tx, row.pk, change, services.clock.now())
      return undefined
    })
    const state = await predict(ctx, row, call, ready)
    if (state.examples === 0) {
      throw evaluationFailed(state.reason || 'No input of the dataset version is labelled; label some first.')
    }
    const figures = await measure(services, row.pk, call)
    await checkpoint(async (tx) => {
      const evaluationMetricValues = valuesOf(figures.figures, figures.accuracy)
      const result = { workflowEvaluationResult: { summary: { evaluationMetricValues } } }
      const change = {
        status_code: EVALUATION_SUCCESS,
        status_details:
          state.left > 0 ? `${state.left} inputs could not be predicted (the first: ${state.reason}).` : '',
        doc: encodeDoc(create(WorkflowVersionEvaluationSchema, result)),
      }
      await changeWorkflowEvaluation(tx, row.pk, change, services.clock.now())
      return undefined
    })
  },
  async settled(tx, { status, args, error }, { clock }) {
    if (status === 'succeeded') return
    const status_details = error?.details ?? 'The evaluation was cancelled.'
    await changeWorkflowEvaluation(
      tx,
      args.evaluationPk,
      { status_code: EVALUATION_FAILED, status_details },
      clock.now(),
    )
  },
})

async function workflowOf(call: Call, row: Row<'workflow_evaluations'>): Promise<ReadyWorkflow | undefined> {
  const { read } = call.services.db
  const version = await workflowVersions.getByPk(read, row.workflow_version_pk)
  const workflow = version && (await workflows.getByPk(read, version.workflow_pk))
  if (!workflow) return undefined
  return readyWorkflow(call, { workflowId: workflow.id, versionId: version.id, favorClarifaiWorkflows: false })
}

async function predict(
  { services, state: begun, checkpoint, signal, log, id }: JobContext<Args, State, Services>,
  row: Row<'workflow_evaluations'>,
  call: Call,
  ready: ReadyWorkflow,
): Promise<State> {
  const { db } = services
  const place = ready.nodes.find(({ node }) => node?.id === row.target_node_id)?.index
  if (place === undefined) throw evaluationFailed(`The workflow has no node '${row.target_node_id}' any more.`)
  const { pk, appPk } = await readyVersion(db.read, row.dataset_version_pk, signal)
  const home = await callInApp(services, appPk, { requestId: id, signal, log })
  if (!home) throw evaluationFailed('The dataset was deleted.')
  const source = {
    versionPk: pk,
    place: { appPk, appId: home.target.app!.id, userId: home.target.user!.id, origin: services.origin },
  }
  let state = begun ?? NOTHING_YET
  for (;;) {
    const page = await nextExamples(services, source, state.from)
    if (!page) return state
    const labelled = page.inputs.filter(({ data }) => data && isLabelled(data))
    const known = await inputRows.getMany(
      db.read,
      appPk,
      labelled.map((input) => input.id),
    )
    const inputs = labelled.filter((input) => known.has(input.id))
    const made: WorkflowVersionEvaluationData[] = []
    let { left, reason } = state
    for (let start = 0; start < inputs.length; start += PREDICTED_TOGETHER) {
      const part = inputs.slice(start, start + PREDICTED_TOGETHER)
      const pks = part.map((input) => known.get(input.id)!.pk)
      for (const [at, said] of (await runStored(call, ready, place, pks)).entries()) {
        if ('data' in said) made.push(datumOf(part[at]!, said.data))
        else {
          left++
          reason ||= said.error.details
        }
      }
    }
    const position = state.examples
    state = { from: page.next, examples: position + made.length, left, reason }
    const rows = made.map((datum, at) => ({
      evaluation_pk: row.pk,
      position: position + at,
      id: newId(),
      doc: encodeDoc(datum),
    }))
    await checkpoint(async (tx) => {
      await addEvaluationData(tx, rows)
      return { state, done: state.examples }
    })
  }
}

const conceptsOf = ({ concepts, regions }: Data): Concept[] => [
  ...concepts,
  ...regions.flatMap(({ data }) => data?.concepts ?? []),
]

/** An example with what is true of it, what was said, and whether the best answer is a true one. */
function datumOf(input: Input, said: Data): WorkflowVersionEvaluationData {
  const truths = conceptsOf(input.data!).filter(({ value }) => value >= PRESENT)
  const predictions = conceptsOf(said).sort((a, b) => b.value - a.value)
  const [best] = predictions
  const isRight = best !== undefined && new ConceptPlaces(truths).of(best) !== undefined
  return create(WorkflowVersionEvaluationDataSchema, {
    input: create(InputSchema, { id: input.id }),
    groundTruths: [create(DataSchema, { concepts: truths })],
    predictions: [create(DataSchema, { concepts: predictions })],
    workflowEvaluationSampleResult: {
      inputEvaluationMetricValues: [{ evaluationMetricId: 'accuracy', metricValue: floatValue(isRight ? 1 : 0) }],
    },
  })
}

const floatValue = (value: number) => create(MetricValueSchema, { metricValue: { case: 'floatValue', value } })

interface Measured {
  readonly figures: Figures
  readonly accuracy: number
}

async function measure({ db, config }: Services, evaluationPk: number, { signal }: Call): Promise<Measured> {
  const concepts = await conceptsOfData(db.read, evaluationPk)
  const places = new ConceptPlaces(concepts)
  const process = new MeasureProcess(signal)
  try {
    const named = concepts.map(({ id, name, appId }) => ({ id, name, appId }))
    await process.begin({ task: 'classification', concepts: named, splits: 1, spoolDir: config.dataDir })
    let [right, all] = [0, 0]
    for await (const part of partsOf(db.read, evaluationPk)) {
      const scores = new Float32Array(part.length * concepts.length)
      const labels = part.map(({ groundTruths }) => [
        ...new Set(groundTruths.flatMap((truth) => truth.concepts.flatMap((concept) => places.of(concept) ?? []))),
      ])
      for (const [at, { predictions }] of part.entries()) {
        for (const concept of predictions.flatMap((said) => said.concepts)) {
          const cell = at * concepts.length + places.of(concept)!
          scores[cell] = Math.max(scores[cell]!, concept.value)
        }
      }
      right += part.filter(isRight).length
      all += part.length
      await process.add(packChunk({ ids: part.map(({ input }) => input?.id ?? ''), labels, scores }))
    }
    return { figures: await process.figures(), accuracy: right / all }
  } finally {
    process.close()
  }
}

const isRight = ({ workflowEvaluationSampleResult: result }: WorkflowVersionEvaluationData): boolean =>
  result?.inputEvaluationMetricValues[0]?.metricValue?.metricValue.value === 1

/** All concepts that are true of an example or were said of one, each once. */
async function conceptsOfData(db: Reader, evaluationPk: number): Promise<Concept[]> {
  const found: Concept[] = []
  let places = new ConceptPlaces(found)
  for await (const part of partsOf(db, evaluationPk)) {
    for (const { groundTruths, predictions } of part) {
      for (const concept of [...groundTruths, ...predictions].flatMap((data) => data.concepts)) {
        if (places.of(concept) !== undefined) continue
        found.push(concept)
        places = new ConceptPlaces(found)
      }
    }
  }
  return found
}

async function* partsOf(db: Reader, evaluationPk: number): AsyncGenerator<WorkflowVersionEvaluationData[]> {
  for (let offset = 0; ; offset += DATA_PER_READ) {
    const rows = await evaluationData(db, evaluationPk, { limit: DATA_PER_READ, offset })
    if (rows.length === 0) return
    yield rows.map(({ doc }) => decodeDoc(WorkflowVersionEvaluationDataSchema, doc))
  }
}

function valuesOf({ summary, fields }: Figures, accuracy: number): EvaluationMetricValue[] {
  const means = decodeDoc(MetricsSummarySchema, summary)
  const { binaryMetrics } = decodeDoc(EvalMetricsSchema, fields.binary_metrics ?? '{}')
  const tested = binaryMetrics.filter(({ numPos }) => numPos > 0)
  const each = (read: (one: (typeof tested)[number]) => number) =>
    Object.fromEntries(tested.map((one) => [one.concept!.id, floatValue(read(one))]))
  const value = (id: string, mean: number, perConceptValues = {}): EvaluationMetricValue =>
    create(EvaluationMetricValueSchema, { evaluationMetricId: id, metricValue: floatValue(mean), perConceptValues })
  return [
    value('accuracy', accuracy),
    value('macro_precision', means.macroAvgPrecision),
    value('macro_recall', means.macroAvgRecall),
    value(
      'macro_f1',
      means.macroAvgF1Score,
      each(({ f1 }) => f1),
    ),
    value(
      'macro_roc_auc',
      means.macroAvgRocAuc,
      each(({ rocAuc }) => rocAuc),
    ),
  ]
}
