import type { JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** A numeric parameter within limits; numbers written as text count. Throws AppError 21202 for anything else. */
export function numberParam(
  params: JsonObject,
  name: string,
  { otherwise, min, max }: { otherwise: number; min: number; max: number },
): number {
  const given = params[name]
  if (given === undefined || given === null || given === '') return otherwise
  const value = typeof given === 'number' || typeof given === 'string' ? Number(given) : Number.NaN
  if (!(value >= min && value <= max)) {
    throw invalidParam(`The parameter ${name} must be a number from ${min} to ${max}.`)
  }
  return value
}

/** A yes-or-no parameter. Throws AppError 21202 for anything that is neither. */
export function booleanParam(params: JsonObject, name: string, otherwise: boolean): boolean {
  const given = params[name]
  if (given === undefined || given === null || given === '') return otherwise
  if (typeof given === 'boolean') return given
  if (given === 'true' || given === 'false') return given === 'true'
  throw invalidParam(`The parameter ${name} must be true or false.`)
}

/** The error for a parameter that cannot be used. */
export function invalidParam(details: string): AppError {
  return new AppError(StatusCode.MODEL_INVALID_ARGUMENT, details)
}
