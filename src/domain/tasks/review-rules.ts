import type { Task } from '../../contract/index.ts'

/** Whether all reviewers of a task have to approve an input, and not only one of them. */
export function everyReviewer({ review }: Task): boolean {
  const info = review?.strategyInfo
  if (info?.case === 'consensusStrategyInfo') return info.value.approvalThresholdReviewers === -1
  return info?.case === 'manualStrategyInfo' && info.value.approvalThreshold === -1
}
