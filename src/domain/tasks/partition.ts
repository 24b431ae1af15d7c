import {
  TaskWorkerPartitionedStrategyInfo_TaskWorkerPartitionedStrategy as Partition,
  TaskWorker_TaskWorkerStrategy as Strategy,
  type Task,
  type TaskWorker,
} from '../../contract/index.ts'
import { invalidTask } from './problem.ts'
import { labelersToAgree } from './review-rules.ts'
import { isAuto, workerIds } from './workers.ts'

/** How the inputs of a task are parted among its workers. */
export interface Shares {
  readonly userIds: readonly string[]
  readonly workersPerInput: number
  /** What of all inputs each gets, between 0 and 1, in the order of the ids; together `workersPerInput`. */
  readonly shares: readonly number[]
  readonly evenly: boolean
}

/** How many get each input of a PARTITIONED task. */
export const workersPerInput = ({ strategyInfo }: TaskWorker): number => strategyInfo.value?.workersPerInput || 1

/** How many label each input of a task. */
export function labelersPerInput(task: Task): number {
  if (isAuto(task)) return 1
  const { worker } = task
  if (worker?.strategy === Strategy.FULL) return Math.max(1, workerIds(task).length)
  if (worker?.strategy === Strategy.PARTITIONED) return workersPerInput(worker)
  return Math.max(1, labelersToAgree(task))
}

/** Where rounding alone makes a share larger than everything. */
const ROUNDING = 1e-9

/** Reads a partitioned strategy; refuses weights by which no parting is possible. */
export function sharesOf(worker: TaskWorker): Shares {
  const { workers, strategyInfo } = worker
  const userIds = workers.flatMap(({ worker }) => (worker.case === 'user' ? [worker.value.id] : []))
  const info = strategyInfo.value
  if (!info) throw invalidTask('A PARTITIONED task needs worker.partitioned_strategy_info; set its type.')
  const perInput = workersPerInput(worker)
  if (perInput < 1 || (userIds.length > 0 && perInput > userIds.length)) {
    throw invalidTask(
      `workers_per_input is ${info.workersPerInput}; use 1 to ${userIds.length}, the number of workers of the task.`,
    )
  }
  const given = weightsOf(info.type, userIds, info.weights)
  // In parts of the largest, as the sum of the largest numbers would be none.
  const largest = given.reduce((most, weight) => Math.max(most, weight), 0)
  const weights = given.map((weight) => weight / largest)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const shares = weights.map((weight) => (weight / sum) * perInput)
  const most = Math.max(0, ...shares)
  if (most > 1 + ROUNDING) {
    const id = userIds[shares.indexOf(most)]
    throw invalidTask(
      `The weight of '${id}' is more than 1/${perInput} of all weights; with ${perInput} workers for each input nobody can take that much.`,
    )
  }
  return { userIds, workersPerInput: perInput, shares, evenly: info.type === Partition.EVENLY }
}

function weightsOf(type: Partition, userIds: readonly string[], given: object | undefined): number[] {
  if (type === Partition.EVENLY) return userIds.map(() => 1)
  if (type !== Partition.WEIGHTED) {
    throw invalidTask('A PARTITIONED task needs partitioned_strategy_info.type; set EVENLY or WEIGHTED.')
  }
  const weights = (given ?? {}) as Readonly<Record<string, unknown>>
  const stranger = Object.keys(weights).find((id) => !userIds.includes(id))
  if (stranger !== undefined) throw invalidTask(`There is a weight for '${stranger}', who is no worker of the task.`)
  return userIds.map((id) => {
    const weight = Object.hasOwn(weights, id) ? weights[id] : undefined
    if (typeof weight === 'number' && Number.isFinite(weight) && weight > 0) return weight
    throw invalidTask(`The worker '${id}' has no weight; give each worker a number above 0 in weights.`)
  })
}

const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * Who gets the input with this number, counted from 0: always the same for the same number. Evenly, workers take turns.
 * By weight, each input throws evenly spaced marks on the shares laid end to end, from a place that wanders so evenly
 * that after any number of inputs everybody has about his share.
 */
export function workersOf({ userIds, workersPerInput, shares, evenly }: Shares, number: number): string[] {
  const { length } = userIds
  if (length === 0) return []
  if (evenly) {
    return Array.from({ length: workersPerInput }, (_, at) => userIds[(number * workersPerInput + at) % length]!)
  }
  const from = ((number + 1) * GOLDEN) % 1
  const chosen: string[] = []
  let [begin, end] = [0, 0]
  for (const [at, share] of shares.entries()) {
    // The last one ends where all end, whatever has been rounded on the way.
    end = at === length - 1 ? workersPerInput : Math.min(end + share, workersPerInput)
    // Marks lie at from, from + 1, from + 2 and so on.
    if (Math.ceil(end - from) > Math.ceil(begin - from)) chosen.push(userIds[at]!)
    begin = end
  }
  return chosen
}
