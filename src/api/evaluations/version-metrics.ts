import { create } from '@bufbuild/protobuf'
import { EvalMetricsSchema } from '../../contract/index.ts'
import { startEvaluations } from '../../domain/evaluations/post.ts'
import { testedInputs } from '../../domain/evaluations/test-search.ts'
import { metricsOfVersion, versionOf } from '../../domain/evaluations/version.ts'
import { presentVersions } from '../../domain/models/present.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PostModelVersionMetrics' | 'GetModelVersionMetrics'

/** The oldest form: a version has the metrics of its newest evaluation. */
export const versionMetricsRpcs: Pick<Registry, Rpcs> = {
  PostModelVersionMetrics: async (request, call) => {
    const { found, row, model } = await versionOf(call, request.modelId, request.versionId)
    const wanted = create(EvalMetricsSchema, { evalInfo: request.evalInfo })
    const inputPks = request.testSearch && (await testedInputs(call, request.testSearch, request.evalInfo))
    await startEvaluations(call, [{ model, wanted, ...(inputPks && { inputPks }) }])
    const [modelVersion] = await presentVersions(call, found, [row])
    modelVersion!.metrics = await metricsOfVersion(call, row.pk, undefined)
    return { modelVersion }
  },

  GetModelVersionMetrics: async (request, call) => {
    const { found, row } = await versionOf(call, request.modelId, request.versionId)
    const [modelVersion] = await presentVersions(call, found, [row])
    modelVersion!.metrics = await metricsOfVersion(call, row.pk, request.fields)
    return { modelVersion }
  },
}
