import type { Annotation } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { invalidAnnotation } from './problem.ts'

const { ANNOTATION_SUCCESS, ANNOTATION_PENDING, ANNOTATION_AWAITING_REVIEW } = StatusCode
const { ANNOTATION_REVIEW_DENIED, ANNOTATION_AWAITING_CONSENSUS_REVIEW } = StatusCode

/** What people may say of an annotation's state. */
const SETTABLE: readonly StatusCode[] = [
  ANNOTATION_SUCCESS,
  ANNOTATION_PENDING,
  ANNOTATION_AWAITING_REVIEW,
  ANNOTATION_REVIEW_DENIED,
  ANNOTATION_AWAITING_CONSENSUS_REVIEW,
]

/** A status as callers may set it; refuses any other. */
export function settableStatus(code: StatusCode): StatusCode {
  if (SETTABLE.includes(code)) return code
  const allowed = SETTABLE.map((one) => `${StatusCode[one]} ${one}`).join(', ')
  throw invalidAnnotation(`An annotation cannot have the status ${code}; use one of ${allowed}.`)
}

/** The status that a message asks for, or undefined when it does not say. */
export const wantedStatus = ({ status }: Annotation): StatusCode | undefined =>
  status?.code ? settableStatus(status.code) : undefined
