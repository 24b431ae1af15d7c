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

/** Scores below this are noise: most places of most pictures have some. */
const FLOOR_SCORE_MIN = 0.05

/** The score from which a found box counts: what the model version sets, or the type's default where that is nothing or 0. */
export function detectionThreshold(params: JsonObject, defaultMin: number): number {
  const asked = numberParam(params, 'detection_threshold', { otherwise: 0, min: 0, max: 1 })
  return asked === 0 ? defaultMin : Math.max(asked, FLOOR_SCORE_MIN)
}

/** A numeric parameter without fraction, within limits; see numberParam. */
export const countParam = (
  params: JsonObject,
  name: string,
  limits: { otherwise: number; min: number; max: number },
): number => Math.round(numberParam(params, name, limits))

/** A list of numbers within limits; a single number is a list of one. Throws AppError 21202 for anything else. */
export function numbersParam(
  params: JsonObject,
  name: string,
  { otherwise, min, max, most }: { otherwise: readonly number[]; min: number; max: number; most: number },
): readonly number[] {
  const given = params[name]
  if (given === undefined || given === null || given === '') return otherwise
  const list = Array.isArray(given) ? given : [given]
  if (list.length === 0) return otherwise
  if (list.length > most) throw invalidParam(`The parameter ${name} has ${list.length} numbers; use at most ${most}.`)
  return list.map((value) => numberParam({ [name]: value ?? Number.NaN }, name, { otherwise: Number.NaN, min, max }))
}

/** A yes-or-no parameter, also written as 1 or 0. Throws AppError 21202 for anything that is neither. */
export function booleanParam(params: JsonObject, name: string, otherwise: boolean): boolean {
  const given = params[name]
  if (given === undefined || given === null || given === '') return otherwise
  if (typeof given === 'boolean') return given
  if (given === 'true' || given === 1) return true
  if (given === 'false' || given === 0) return false
  throw invalidParam(`The parameter ${name} must be true or false.`)
}

/** A parameter that is a text of at most `max` characters. Throws AppError 21202 for anything else. */
export function textParam(params: JsonObject, name: string, { otherwise, max }: { otherwise: string; max: number }) {
  const given = params[name] ?? otherwise
  if (typeof given !== 'string') throw invalidParam(`The parameter ${name} must be a text.`)
  if (given.length <= max) return given
  throw invalidParam(`The parameter ${name} has ${given.length} characters; use at most ${max}.`)
}

/** A parameter that is one of some words, by its exact spelling. Throws AppError 21202 for anything else. */
export function choiceParam<T extends string>(
  params: JsonObject,
  name: string,
  choices: readonly T[],
  otherwise: NoInfer<T>,
): T {
  const given = params[name]
  if (given === undefined || given === null || given === '') return otherwise
  const found = choices.find((choice) => choice === given)
  if (found !== undefined) return found
  throw invalidParam(`The parameter ${name} must be one of ${choices.join(', ')}.`)
}

/** A list of some words, each once; an empty list means `otherwise`. Throws AppError 21202 for anything else. */
export function choicesParam<T extends string>(
  params: JsonObject,
  name: string,
  choices: readonly T[],
  otherwise: readonly NoInfer<T>[],
): readonly T[] {
  const given = params[name]
  if (given === undefined || given === null || given === '') return otherwise
  const list = Array.isArray(given) ? given : [given]
  const found = choices.filter((choice) => list.includes(choice))
  if (!list.every((item) => choices.some((choice) => choice === item))) {
    throw invalidParam(`The parameter ${name} must be a list of words out of ${choices.join(', ')}.`)
  }
  return found.length === 0 ? otherwise : found
}

/** The error for a parameter that cannot be used. */
export function invalidParam(details: string): AppError {
  return new AppError(StatusCode.MODEL_INVALID_ARGUMENT, details)
}
