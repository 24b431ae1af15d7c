import { createHash } from 'node:crypto'
import { TaskReview_TaskReviewStrategy as Review, type Task } from '../../contract/index.ts'

/** What of all inputs people review, from 0 to 1: all unless the task says otherwise. */
export function reviewedShare({ review }: Task): number {
  if (review?.strategy === Review.CONSENSUS) return 1
  if (review?.strategy !== Review.MANUAL) return 0
  const info = review.strategyInfo
  return (info.case === 'manualStrategyInfo' && info.value.samplePercentage) || 1
}

/** Whether people review an input: by chance, but always the same for the same input of the same task. */
export function isSampled(task: Task, taskPk: number, inputPk: number): boolean {
  const digest = createHash('sha256').update(`${taskPk} ${inputPk}`).digest()
  return digest.readUInt32BE(0) / 2 ** 32 < reviewedShare(task)
}
