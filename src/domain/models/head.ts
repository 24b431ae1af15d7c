import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { invalidModel } from './checks.ts'
import { HEAD_DIMENSIONS_MAX, HEAD_WEIGHTS_MAX } from './limits.ts'

/** Parameters in which users bring a linear head of their own; no other version may have them. */
export const HEAD_PARAMS = ['weights', 'bias'] as const

const ACTIVATIONS = ['sigmoid', 'softmax'] as const

/** A linear head: one row of weights and one bias for each concept, in the order of the concepts. */
export interface LinearHead {
  readonly weights: readonly (readonly number[])[]
  readonly bias: readonly number[]
}

/** Whether parameters bring a head. */
export const bringsHead = (params: JsonObject): boolean => HEAD_PARAMS.some((name) => params[name] !== undefined)

/** Takes a head out of the parameters of a version with so many concepts; refuses one that cannot be computed with. */
export function takeHead(params: JsonObject, concepts: number): { head: LinearHead; rest: JsonObject } {
  const { weights, bias, ...rest } = params
  const rows = checkRows(weights, concepts)
  const biases = bias === undefined || bias === null ? rows.map(() => 0) : checkNumbers('bias', bias)
  if (biases.length !== rows.length) {
    throw invalidModel(
      `output_info.params.bias has ${biases.length} numbers; give one for each of ${rows.length} rows.`,
    )
  }
  const activation = rest.activation ?? 'sigmoid'
  if (!(ACTIVATIONS as readonly JsonValue[]).includes(activation)) {
    throw invalidModel(`output_info.params.activation must be ${ACTIVATIONS.join(' or ')}.`)
  }
  return { head: { weights: rows, bias: biases }, rest: { ...rest, activation } }
}

function checkRows(weights: JsonValue | undefined, concepts: number): number[][] {
  if (!Array.isArray(weights) || weights.length === 0) {
    throw invalidModel('output_info.params.weights must be a list of rows, one for each concept.')
  }
  if (weights.length !== concepts) {
    throw invalidModel(
      `output_info.params.weights has ${weights.length} rows; give one for each of ${concepts} concepts.`,
    )
  }
  const rows = weights.map((row, at) => checkNumbers(`weights[${at}]`, row))
  const dimensions = rows[0]!.length
  if (dimensions === 0 || dimensions > HEAD_DIMENSIONS_MAX || dimensions * rows.length > HEAD_WEIGHTS_MAX) {
    throw invalidModel(
      `output_info.params.weights has ${rows.length} rows of ${dimensions} numbers; use 1 to ${HEAD_DIMENSIONS_MAX} in a row and at most ${HEAD_WEIGHTS_MAX} in all.`,
    )
  }
  const uneven = rows.findIndex((row) => row.length !== dimensions)
  if (uneven >= 0) {
    throw invalidModel(
      `output_info.params.weights[${uneven}] has ${rows[uneven]!.length} numbers; all rows must have ${dimensions}.`,
    )
  }
  return rows
}

function checkNumbers(where: string, value: JsonValue | undefined): number[] {
  if (!Array.isArray(value)) throw invalidModel(`output_info.params.${where} must be a list of numbers.`)
  const wrong = value.findIndex((item) => typeof item !== 'number' || !Number.isFinite(item))
  if (wrong >= 0) throw invalidModel(`output_info.params.${where}[${wrong}] must be a finite number.`)
  return value as number[]
}
