import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { Concept, OutputConfig, OutputInfo } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { DEFAULT_MAX_CONCEPTS, MAX_MAX_CONCEPTS, MAX_SELECTED_CONCEPTS } from '../limits.ts'
import type { TypeEntry } from '../model-types/define.ts'
import { checkParams, secretParams } from '../model-types/index.ts'
import type { ConceptLimits } from '../plan.ts'
import type { ResolvedModel } from './types.ts'

/** How a node is set up, once defaults, model version, override and call are taken together. */
export interface Settings {
  readonly params: JsonObject
  readonly concepts: readonly Concept[]
  readonly limits: ConceptLimits
  /** The node has a selection of concepts of its own, beside that of the call. */
  readonly ownSelection: boolean
}

/**
 * Takes the settings of a node together. Of an override only data and params count; what is nearer to the call wins:
 * the call's output_config, the override, the version's output_config, the version's params, the type's defaults.
 * Throws AppError 21202 that names the path of a setting that cannot be used.
 */
export function settingsOf(
  model: ResolvedModel,
  entry: TypeEntry,
  override: OutputInfo | undefined,
  call: OutputConfig | undefined,
): Settings {
  const overridden = override?.params ?? {}
  // They hold a secret that must not be sent elsewhere by whoever may only use the model.
  if ('remote' in overridden || 'remote' in model.params) {
    throw invalid('Connection settings (params.remote) belong to the model version; they cannot be overridden.')
  }
  // A copy, because the plan is frozen while the model version may live in a cache of the caller.
  const params = structuredClone({
    ...checkParams(entry.type, { ...ownParams(model, entry, overridden), ...overridden }),
    ...model.supplied,
  })
  const own = override?.data?.concepts ?? []
  checkValues(own)
  const concepts = [...(own.length > 0 ? own : model.concepts)]
  if (entry.operator) return { params, concepts, limits: NO_LIMITS, ownSelection: false }
  const layers = [call, fromParams(overridden), model.outputConfig, fromParams(model.params)].map(withoutZeros)
  const limits = checkLimits({
    maxConcepts: first(layers, 'maxConcepts') ?? DEFAULT_MAX_CONCEPTS,
    minValue: first(layers, 'minValue') ?? 0,
    selectConcepts: (first(layers, 'selectConcepts') ?? []).map(({ id, name }) => ({ id, name })),
  })
  return { params, concepts, limits, ownSelection: layers[0]!.selectConcepts === undefined }
}

/**
 * The params of the version. They may hold secrets, such as a key that signs what goes to a URL: whoever overrides
 * anything of such a version may do so, but without its secrets, and cannot bring secrets of his own, as workflows are
 * shown to others.
 */
export function ownParams({ params }: ResolvedModel, { type }: TypeEntry, overridden: JsonObject): JsonObject {
  const secrets = secretParams(type)
  if (secrets.length === 0 || Object.keys(overridden).length === 0) return params
  const given = secrets.find((name) => (overridden[name] ?? '') !== '')
  if (given !== undefined)
    throw invalid(`The parameter ${given} is a secret of the model version; it cannot be overridden.`)
  return Object.fromEntries(Object.entries(params).filter(([name]) => !secrets.includes(name)))
}

/** Refuses thresholds that nothing can be compared with. Throws AppError 21202. */
export function checkValues(concepts: readonly Concept[]): void {
  const wrong = concepts.find(({ value }) => !Number.isFinite(value))
  if (wrong) throw invalid(`The value of "${wrong.id || wrong.name}" in output_info.data.concepts must be a number.`)
}

/** Refuses an output_config that no call could use. Throws AppError 21202. */
export function checkOutputConfig(config: OutputConfig | undefined): void {
  const { maxConcepts, minValue, selectConcepts } = withoutZeros(config)
  checkLimits({
    maxConcepts: maxConcepts ?? DEFAULT_MAX_CONCEPTS,
    minValue: minValue ?? 0,
    selectConcepts: selectConcepts ?? [],
  })
}

const NO_LIMITS: ConceptLimits = { maxConcepts: MAX_MAX_CONCEPTS, minValue: 0, selectConcepts: [] }

const first = <K extends keyof ConceptLimits>(layers: readonly Partial<ConceptLimits>[], key: K) =>
  layers.find((layer) => layer[key] !== undefined)?.[key]

/** Zero and empty mean "not said" in the contract. */
function withoutZeros(limits: Partial<ConceptLimits> | undefined): Partial<ConceptLimits> {
  return {
    maxConcepts: limits?.maxConcepts || undefined,
    // Zero means not set; NaN is set, to be refused.
    minValue: limits && limits.minValue !== 0 ? limits.minValue : undefined,
    selectConcepts: limits?.selectConcepts?.length ? limits.selectConcepts : undefined,
  }
}

function fromParams(params: JsonObject): Partial<ConceptLimits> {
  const { max_concepts, min_value, select_concepts } = params
  return {
    maxConcepts: toNumber(max_concepts),
    minValue: toNumber(min_value),
    selectConcepts: Array.isArray(select_concepts) ? select_concepts.map(toSelected) : undefined,
  }
}

const toNumber = (value: JsonValue | undefined): number | undefined =>
  value === undefined || value === null ? undefined : Number(value)

/** Lists in params hold ids or names as plain texts, or concepts as objects. */
function toSelected(value: JsonValue): { id: string; name: string } {
  if (typeof value === 'string') return { id: value, name: value }
  const { id, name } = (typeof value === 'object' && !Array.isArray(value) ? value : null) ?? {}
  return { id: typeof id === 'string' ? id : '', name: typeof name === 'string' ? name : '' }
}

function checkLimits(limits: ConceptLimits): ConceptLimits {
  const { maxConcepts, minValue } = limits
  if (!Number.isInteger(maxConcepts) || maxConcepts < 1 || maxConcepts > MAX_MAX_CONCEPTS) {
    throw invalid(`max_concepts must be a whole number from 1 to ${MAX_MAX_CONCEPTS}, not ${maxConcepts}.`)
  }
  if (!(minValue >= 0 && minValue <= 1)) throw invalid(`min_value must be from 0 to 1, not ${minValue}.`)
  const { length } = limits.selectConcepts
  if (length > MAX_SELECTED_CONCEPTS) {
    throw invalid(`select_concepts names ${length} concepts; use at most ${MAX_SELECTED_CONCEPTS}.`)
  }
  return limits
}

const invalid = (details: string): AppError => new AppError(StatusCode.MODEL_INVALID_ARGUMENT, details)
