import { createHash } from 'node:crypto'
import type { JsonObject } from '@bufbuild/protobuf'
import { canonicalJson, conceptsDigest } from './hash.ts'
import type { Draft } from './types.ts'

/**
 * Marks nodes that compute the very same as an earlier one (same engine, weights, parameters, concepts and inputs), so
 * that the engine runs once. Their limits may differ, as those are applied afterwards. Random nodes stay on their own.
 */
export function shareWork(drafts: readonly Draft[]): void {
  const firsts = new Map<string, number>()
  /** By place, what decides the output of a node, limits included. */
  const outputs: string[] = []
  for (const [place, draft] of drafts.entries()) {
    const work = digest([
      draft.entry.random ? draft.id : '',
      engineOf(draft),
      draft.model.weights,
      draft.entry.operator ? draft.params : withoutLimits(draft.params),
      conceptsDigest(draft.concepts),
      draft.inputFields,
      draft.inputs.map((input) => outputs[input]!),
    ])
    const first = firsts.get(work)
    if (first === undefined) firsts.set(work, place)
    else draft.sameAs = first
    outputs.push(digest([work, draft.entry.operator, draft.limits, draft.model.userId, draft.model.appId]))
  }
}

/** Parameters without those that are applied to the concepts after the engine. */
const withoutLimits = ({ max_concepts: _m, min_value: _v, select_concepts: _s, ...params }: JsonObject): JsonObject =>
  params

/** Name of the engine that runs a node: operators without one of their own go by their type. */
export const engineOf = ({ model, entry }: Draft): string => model.engine || entry.type.id

const digest = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex')
