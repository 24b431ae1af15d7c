import { evaluationRpcs } from './evaluations.ts'
import { versionEvaluationRpcs } from './version-evaluations.ts'
import { versionMetricsRpcs } from './version-metrics.ts'

/** All RPCs of evaluations of models. */
export const evaluationFamily = { ...evaluationRpcs, ...versionEvaluationRpcs, ...versionMetricsRpcs }
