import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { ModelVersion } from '../../contract/index.ts'
import type { Hyper } from '../../training/types.ts'
import { invalidModel } from '../models/checks.ts'
import { type Bounds, CLUSTERS, TIMEOUT_SECONDS } from './limits.ts'

/** What a version says about its training. */
export interface TrainingSettings {
  readonly mutuallyExclusive: boolean
  readonly hyper: Hyper
  /** Share of examples, 0 to 1, that may be unusable. */
  readonly tolerance: number
  readonly failOnMissingPositives: boolean
  readonly timeoutMs: number
  /** Groups that a clusterer finds at most. */
  readonly clusters: number
  /** Begin with the head of the version before, which is faster; else with nothing. */
  readonly warmStart: boolean
  readonly datasetId: string
  readonly datasetVersionId: string
}

const DEFAULT_TOLERANCE_PERCENT = 5

/**
 * Reads the settings from all the places where clients put them: `train_info`, and the output config of older ones.
 * Throws AppError 21202 for values that mean nothing.
 */
export function readSettings({ trainInfo, outputInfo }: ModelVersion): TrainingSettings {
  const config = outputInfo?.outputConfig
  const params: JsonObject = { ...hyperParams(config), ...trainInfo?.params }
  const exclusive =
    params.concepts_mutually_exclusive === true ||
    params.logreg === 0 ||
    outputInfo?.params?.concepts_mutually_exclusive === true ||
    config?.conceptsMutuallyExclusive === true
  const percent = numberOf(params, 'invalid_data_tolerance_percent', {
    otherwise: DEFAULT_TOLERANCE_PERCENT,
    min: 0,
    max: 100,
  })
  const seed = numberOf(params, 'seed', { otherwise: 0, min: -1, max: 2 ** 32 - 1 })
  const strength = optionalNumber(params, 'strength', { otherwise: 0, min: 1e-6, max: 1e9 })
  const timeout = config?.trainingTimeout || TIMEOUT_SECONDS.otherwise
  return {
    mutuallyExclusive: exclusive,
    hyper: {
      seed: Math.max(0, Math.round(seed)),
      classWeights: classWeights(params.class_weights),
      assumeNegatives: params.enrich_dataset !== 'Disabled',
      calibrate: params.calibrate !== false,
      ...(strength !== undefined && { strength }),
    },
    tolerance: percent / 100,
    failOnMissingPositives: config?.failOnMissingPositiveExamples ?? false,
    timeoutMs: Math.min(timeout, TIMEOUT_SECONDS.max) * 1_000,
    clusters: Math.round(numberOf(params, 'coarse_clusters', CLUSTERS)),
    warmStart: params.warm_start !== false,
    datasetId: textOf(params.dataset_id) || (trainInfo?.dataset?.id ?? ''),
    datasetVersionId: textOf(params.dataset_version_id) || (trainInfo?.dataset?.version?.id ?? ''),
  }
}

type Config = NonNullable<ModelVersion['outputInfo']>['outputConfig']

/** Older clients send them as JSON in a text. */
function hyperParams(config: Config): JsonObject {
  const old = config?.hyperParameters ?? ''
  if (old === '') return config?.hyperParams ?? {}
  try {
    const parsed = JSON.parse(old) as JsonValue
    if (parsed && typeof parsed === 'object' && !Array.isArray(parsed)) return { ...parsed, ...config?.hyperParams }
  } catch {}
  throw invalidModel('output_config.hyper_parameters must be a JSON object; use hyper_params instead.')
}

function classWeights(value: JsonValue | undefined): 'none' | 'balanced' {
  if (value === undefined || value === null || value === '' || value === 'none') return 'none'
  if (value === 'balanced') return 'balanced'
  throw invalidModel("The parameter train_info.params.class_weights must be 'none' or 'balanced'.")
}

const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '')

const numberOf = (params: JsonObject, name: string, bounds: Bounds): number =>
  optionalNumber(params, name, bounds) ?? bounds.otherwise

function optionalNumber(params: JsonObject, name: string, { min, max }: Bounds): number | undefined {
  const value = params[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw invalidModel(`The parameter train_info.params.${name} must be a number from ${min} to ${max}.`)
}
