import type { JsonObject } from '@bufbuild/protobuf'

/** A model version that runners serve: what is needed to find one and to ask it. */
export interface RunnerSettings {
  readonly modelPk: number
  readonly versionPk: number
  readonly ownerPk: number
  readonly labels: readonly string[]
  readonly userId: string
  readonly appId: string
  readonly modelId: string
  readonly versionId: string
}

/** Name under which plans list the engine of a version that runners serve. */
export const runnerEngineName = (versionId: string): string => `runner/${versionId}`

/** Parameter of a version that names the secrets which its code wants: `[{"id": ..., "env_var": ...}]`. */
export const SECRETS_PARAM = 'secrets'

/**
 * Parameters for a runner without secrets. What a call or a node of a workflow says there may be anybody's, and the SDK's
 * runner puts it into its environment.
 */
export function withoutSecrets(params: JsonObject): JsonObject {
  const { [SECRETS_PARAM]: _secrets, ...others } = params
  return others
}
