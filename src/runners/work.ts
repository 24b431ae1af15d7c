import type { Data } from '../contract/index.ts'

/** A model version as runners work for it. */
export interface RunnerWork {
  readonly modelPk: number
  readonly versionPk: number
  /** Whose model it is. */
  readonly ownerPk: number
  /** What labels of runners may say to get it. */
  readonly labels: readonly string[]
}

/** Runners that a call asks for. */
export interface RunnerChoice {
  /** Who asks: runners of this user may be chosen beside those of the model's owner. */
  readonly callerPk: number
  readonly runnerPk?: number
  readonly nodepoolPks?: readonly number[]
}

/** A runner as it is stored. */
export interface RunnerIs {
  readonly pk: number
  readonly userPk: number
  readonly nodepoolPk: number | null
  /** 0 where the labels decide. */
  readonly modelPk: number
  /** 0 for every version. */
  readonly versionPk: number
  readonly labels: readonly string[]
}

/**
 * Whether a runner may have work. Nobody works for the models of others unasked: what callers show to a model is for
 * its owner, or for themselves where they choose a runner of their own.
 */
export function mayWork(runner: RunnerIs, work: RunnerWork, choice: RunnerChoice | undefined): boolean {
  if (runner.userPk !== work.ownerPk && runner.userPk !== choice?.callerPk) return false
  if (choice?.runnerPk !== undefined && choice.runnerPk !== runner.pk) return false
  if (choice?.nodepoolPks && (runner.nodepoolPk === null || !choice.nodepoolPks.includes(runner.nodepoolPk))) {
    return false
  }
  if (runner.modelPk === 0) return runner.labels.some((label) => work.labels.includes(label))
  return runner.modelPk === work.modelPk && (runner.versionPk === 0 || runner.versionPk === work.versionPk)
}

/** About how many bytes inputs or outputs hold: those of their media and texts. */
export function bytesOf(items: readonly { readonly data?: Data | undefined }[]): number {
  return items.reduce((sum, { data }) => sum + (data ? bytesOfData(data) : 0), 0)
}

function bytesOfData({ image, video, audio, text, ndarray, stringValue, bytesValue, parts }: Data): number {
  const media = [image, video, audio].reduce((sum, medium) => sum + (medium?.base64.length ?? 0), 0)
  const own = media + (text?.raw.length ?? 0) + (ndarray?.buffer.length ?? 0) + stringValue.length + bytesValue.length
  return parts.reduce((sum, { data }) => sum + (data ? bytesOfData(data) : 0), own)
}
