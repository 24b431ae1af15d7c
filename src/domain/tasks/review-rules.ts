import { TaskReview_TaskReviewStrategy as Review, type Task } from '../../contract/index.ts'

/** Whether all reviewers of a task have to approve an input, and not only one of them. */
export function everyReviewer({ review }: Task): boolean {
  const info = review?.strategyInfo
  if (info?.case === 'consensusStrategyInfo') return info.value.approvalThresholdReviewers === -1
  return info?.case === 'manualStrategyInfo' && info.value.approvalThreshold === -1
}

/** How many labelers must agree, 0 where their agreeing does not count. */
export function labelersToAgree({ review }: Task): number {
  const info = review?.strategyInfo
  if (review?.strategy !== Review.CONSENSUS || info?.case !== 'consensusStrategyInfo') return 0
  return info.value.approvalThresholdLabelers || info.value.approvalThreshold
}
