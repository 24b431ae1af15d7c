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
