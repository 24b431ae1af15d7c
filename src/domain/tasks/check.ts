import { AppError } from '../../base/errors.ts'
import {
  TaskReview_TaskReviewStrategy as Review,
  TaskWorker_TaskWorkerStrategy as Strategy,
  type Task,
  Task_TaskPriority,
  Task_TaskType,
  TaskSchema,
  TaskWorker_WorkerType as Type,
} from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { conceptsById } from '../../store/repos/concept-pks.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkTexts } from '../resource/checks.ts'
import { findWorkflow } from '../workflows/find.ts'
import { checkAuto } from './check-auto.ts'
import { MEMBERS_MAX, SAMPLE_MS_MAX, SAMPLE_MS_MIN, TASK_CONCEPTS_MAX } from './limits.ts'
import { sharesOf, workersPerInput } from './partition.ts'
import { invalidTask, notForYou } from './problem.ts'
import { labelersToAgree } from './review-rules.ts'
import { autoWorker, isAuto } from './workers.ts'

/**
 * Refuses a task that must not be stored, as far as that can be seen without its source, its model and its people. What
 * a patch leaves as it is in the row need not be there any more.
 */
export async function checkTask(task: Task, call: Call, reader: Reader, before?: Row<'tasks'>): Promise<void> {
  checkTexts(task, StatusCode.CONN_INVALID_REQUEST)
  checkWork(task)
  checkReview(task)
  if (task.sampleMs !== 0 && (task.sampleMs < SAMPLE_MS_MIN || task.sampleMs > SAMPLE_MS_MAX)) {
    throw invalidTask(`sample_ms is ${task.sampleMs}; use ${SAMPLE_MS_MIN} to ${SAMPLE_MS_MAX}.`)
  }
  if (Task_TaskPriority[task.priority] === undefined) {
    throw invalidTask(`The priority ${task.priority} does not exist; use LOW, MEDIUM or HIGH.`)
  }
  await checkConcepts(task, call, reader)
  await checkAssistant(task, call, before && decodeDoc(TaskSchema, before.doc))
}

function checkWork(task: Task): void {
  const { worker } = task
  if (!worker) throw invalidTask('The task has no worker; set worker.strategy, and worker.workers.')
  const auto = isAuto(task)
  if (worker.type === Type.WORKER_HUMAN && auto) {
    throw invalidTask(
      'worker.type is WORKER_HUMAN, but a model or workflow is a worker; name users, or set WORKER_AUTO.',
    )
  }
  if (worker.type === Type.WORKER_AUTO && !auto) {
    throw invalidTask('worker.type is WORKER_AUTO, but there is no model or workflow in worker.workers; name one.')
  }
  if (Task_TaskType[task.type] === undefined) throw invalidTask(`The task type ${task.type} does not exist.`)
  if (auto) {
    if (worker.workers.length > 1) {
      throw invalidTask('A task of auto-annotation has one worker; name exactly one model or workflow.')
    }
    checkAuto(task, autoWorker(task)!)
    return
  }
  if (task.type === Task_TaskType.TYPE_NOT_SET) {
    throw invalidTask('The task has no type; set CONCEPTS_CLASSIFICATION, BOUNDING_BOX_DETECTION or POLYGON_DETECTION.')
  }
  const { strategy } = worker
  if (Strategy[strategy] === undefined || strategy === Strategy.WORKER_STRATEGY_NOT_SET) {
    throw invalidTask('The task has no worker.strategy; set PARTITIONED, FULL or DYNAMIC.')
  }
  if (strategy === Strategy.PARTITIONED) sharesOf(worker)
}

function checkReview(task: Task): void {
  const { review, worker } = task
  const strategy = review?.strategy ?? Review.TASK_REVIEW_STRATEGY_NOT_SET
  if (Review[strategy] === undefined) throw invalidTask(`The review strategy ${strategy} does not exist.`)
  const info = review?.strategyInfo
  if (info?.case === 'manualStrategyInfo') {
    const share = info.value.samplePercentage
    if (!(share >= 0 && share <= 1)) throw invalidTask(`sample_percentage is ${share}; use 0 to 1.`)
    if (strategy !== Review.MANUAL) throw invalidTask('manual_strategy_info needs the review strategy MANUAL; set it.')
    checkReviewers('approval_threshold', info.value.approvalThreshold)
  }
  if (info?.case === 'consensusStrategyInfo') {
    if (strategy !== Review.CONSENSUS) {
      throw invalidTask('consensus_strategy_info needs the review strategy CONSENSUS; set it.')
    }
    checkReviewers('approval_threshold_reviewers', info.value.approvalThresholdReviewers)
  }
  if (strategy === Review.CONSENSUS) checkVoices(task, worker?.workers.length ?? 0)
}

function checkReviewers(field: string, threshold: number): void {
  if (![0, 1, -1].includes(threshold)) {
    throw invalidTask(`${field} is ${threshold}; use 0 or 1 for one reviewer, -1 for all of them.`)
  }
}

/** Refuses more agreeing labelers than will ever see one input. */
function checkVoices(task: Task, workers: number): void {
  const wanted = labelersToAgree(task)
  if (isAuto(task)) throw invalidTask('A model or a workflow cannot reach consensus; use the review strategy MANUAL.')
  if (workers === 0) return
  const seeing = task.worker?.strategy === Strategy.PARTITIONED ? workersPerInput(task.worker) : workers
  if (wanted > seeing) {
    throw invalidTask(
      `${wanted} labelers have to agree, but only ${seeing} label each input; lower approval_threshold_labelers or let more work on an input.`,
    )
  }
}

async function checkConcepts(task: Task, call: Call, reader: Reader): Promise<void> {
  const { concepts } = task
  if (concepts.length > TASK_CONCEPTS_MAX) {
    throw invalidTask(`The task has ${concepts.length} concepts; use at most ${TASK_CONCEPTS_MAX}.`)
  }
  if (isAuto(task)) return
  const ids = concepts.map(({ concept }) => concept?.id ?? '')
  const known = await conceptsById(reader, requireApp(call.target).pk, ids)
  const missing = ids.find((id) => !known.has(id))
  if (missing === undefined) return
  if (missing === '') throw invalidTask('A concept of the task has no id; set concepts[].concept.id.')
  throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no concept '${missing}' in this app; add it first.`)
}

const assistantOf = ({ aiAssistant }: Task): string => aiAssistant?.workflow?.id || aiAssistant?.workflowId || ''

async function checkAssistant(task: Task, call: Call, before: Task | undefined): Promise<void> {
  const { aiAssistant, aiAssistParams } = task
  const workflowId = assistantOf(task)
  const { userId = '', appId = '' } = aiAssistant?.workflow ?? {}
  const here = (appId === '' || appId === call.target.app?.id) && (userId === '' || userId === call.target.user?.id)
  const isNew = workflowId !== '' && !(before && assistantOf(before) === workflowId)
  if (isNew && here) await findWorkflow(call, workflowId)
  if (!aiAssistParams) return
  const { minThreshold: min, maxThreshold: max } = aiAssistParams
  if (!(min >= 0 && min <= 1 && max >= 0 && max <= 1)) {
    throw invalidTask(`The thresholds of ai_assist_params are ${min} and ${max}; use 0 to 1.`)
  }
}

/**
 * Refuses people who cannot see the app: neither its owner nor invited to it. Those who are named already may have left
 * it, but nobody new is named who is not in it.
 */
export async function checkMembers(
  call: Call,
  ids: readonly string[],
  named: ReadonlySet<string> = new Set(),
): Promise<void> {
  const app = requireApp(call.target)
  const { directory } = call.services
  if (ids.length > MEMBERS_MAX) {
    throw invalidTask(`The task names ${ids.length} workers and reviewers; name at most ${MEMBERS_MAX}.`)
  }
  for (const id of new Set(ids)) {
    if (id === app.user.id || named.has(id)) continue
    const user = id === '' ? undefined : await directory.user(id)
    if (user && (await directory.collaboration(app.pk, user.pk))) continue
    throw notForYou(`The user '${id}' is neither the owner nor a collaborator of the app; invite them first.`)
  }
}
