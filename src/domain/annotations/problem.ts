import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** The refusal of an annotation that must not be stored. */
export const invalidAnnotation = (details: string): AppError =>
  new AppError(StatusCode.ANNOTATION_INVALID_ARGUMENT, details)

/** Refuses a number that is none, or that lies outside of a range; `where` names it for the caller. */
export function checkNumber(where: string, value: number, min: number, max: number): void {
  if (Number.isFinite(value) && value >= min && value <= max) return
  throw invalidAnnotation(`${where} is ${value}; use a number from ${min} to ${max}.`)
}

/** Refuses a list that is too long. */
export function checkCount(where: string, count: number, max: number): void {
  if (count > max) throw invalidAnnotation(`${where} has ${count} items; use at most ${max}.`)
}
