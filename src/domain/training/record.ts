import type { Reader } from '../../store/database.ts'
import { readTraining } from '../../store/repos/model-trainings.ts'
import type { Calibration } from '../../training/calibrate.ts'
import type { ConceptLog, Hyper } from '../../training/types.ts'
import type { ModelRef } from '../models/resolve.ts'

/**
 * What a trained version was made of and how: enough to make it again from the same data. It is written before the
 * training (what is known then) and whole with its end; it never changes afterwards.
 */
export interface TrainingRecord {
  /** Version of this program. */
  readonly program: string
  /** The embedder, pinned to a version; `named` says whether the caller chose it. */
  readonly base?: Required<ModelRef> & { readonly named: boolean }
  /** The dataset version that was learned from; absent for all that is labelled in the app. */
  readonly dataset?: { readonly id: string; readonly versionId: string; readonly isMadeForIt: boolean }
  readonly done?: {
    readonly mutuallyExclusive: boolean
    readonly hyper: Hyper
    readonly data: {
      /** SHA-256 of vectors and labels in their order, in hexadecimal: equal data have equal ones. */
      readonly hash: string
      readonly examples: number
      readonly inputs: number
      readonly dims: number
      /** Examples that could not be used: without vector, with numbers that are not finite, or gone. */
      readonly unusable: number
      /** Of these, those with numbers that are not finite. */
      readonly dropped?: number
      readonly contradictions: number
      /** Vectors that had to be made. */
      readonly computed?: number
    }
    readonly concepts: readonly (ConceptLog & { readonly id: string })[]
    readonly loss?: number
    readonly steps?: number
    readonly calibration?: Calibration
    /**
     * The version whose heads the training began with; `unchanged` where data and settings were those of that version,
     * so that its head was taken over.
     */
    readonly start?: { readonly versionId: string; readonly unchanged: boolean }
    /** Of a clusterer: how many examples each group has, and their mean square distance from its centre. */
    readonly clusters?: { readonly counts: readonly number[]; readonly spread: number }
    readonly milliseconds: { readonly gathering: number; readonly training: number }
  }
}

/** What a version was made of; undefined for one that was not trained here. */
export async function trainingRecord(db: Reader, versionPk: number): Promise<TrainingRecord | undefined> {
  const doc = await readTraining(db, versionPk)
  return doc === undefined ? undefined : (JSON.parse(doc) as TrainingRecord)
}
