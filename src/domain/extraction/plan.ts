import type { JsonObject } from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Input, InputIDConflictResolution, InputSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import type { Writer } from '../../store/database.ts'
import { ensureConcepts } from '../annotations/concepts.ts'
import type { AnnotationWorker } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import { labelPlace, workerOf } from '../inputs/caller.ts'
import { findDatasets } from '../inputs/datasets.ts'
import { readLabels, wholeData } from '../inputs/given-labels.ts'
import { DATASETS_PER_INPUT_MAX } from '../inputs/limits.ts'
import { invalidInput } from '../inputs/problem.ts'

/** How inputs are to be made of files; kept with the job as JSON. */
export interface ExtractionPlan {
  /** What every input gets, as JSON of the Input message: concepts, metadata, place, datasets. */
  readonly template: JsonObject
  /** Whether a taken id gets a suffix instead of a refusal. */
  readonly suffix: boolean
  /** In whose name the inputs are labelled. */
  readonly worker: AnnotationWorker
  /** User and app that the call named, for addresses. */
  readonly place: { readonly userId: string; readonly appId: string }
}

/** What a call says of how inputs are to be made. */
export interface Wishes {
  readonly inputTemplate?: Input
  readonly inputIdConflictResolution: InputIDConflictResolution
}

/** Refuses a template that could not be added to inputs; throws AppError 30104, or 11101 for an unknown dataset. */
export async function checkTemplate(call: Call, appPk: number, template: Input | undefined): Promise<void> {
  if (!template) return
  if (template.datasetIds.length > DATASETS_PER_INPUT_MAX) {
    throw invalidInput(
      `The input_template names ${template.datasetIds.length} datasets; use at most ${DATASETS_PER_INPUT_MAX}.`,
    )
  }
  try {
    readLabels(template.data)
  } catch (error) {
    throw error instanceof AppError ? invalidInput(`input_template: ${error.details}`) : error
  }
  await findDatasets(call.services.db.read, appPk, [template])
}

/**
 * The plan of a call whose template has been checked. Concepts in it that the app lacks are added now, while the rights
 * of the caller are known.
 */
export async function makePlan(call: Call, tx: Writer, wishes: Wishes): Promise<ExtractionPlan> {
  const { data, datasetIds = [] } = wishes.inputTemplate ?? {}
  const labels = readLabels(data)
  const datas = [labels.whole, ...labels.regions].flatMap((one) => one.data ?? [])
  const place = await labelPlace(call)
  await ensureConcepts(tx, place, datas, call.services.clock.now())
  const template = create(InputSchema, {
    datasetIds,
    data: { ...wholeData(labels.whole.data), regions: labels.regions.flatMap((one) => one.data?.regions ?? []) },
  })
  return {
    template: JSON.parse(encodeDoc(template)) as JsonObject,
    suffix: wishes.inputIdConflictResolution === InputIDConflictResolution.SUFFIX,
    worker: workerOf(call),
    place: { userId: place.userId, appId: place.appId },
  }
}

/** The template of a plan as a message of its own. */
export const templateOf = ({ template }: ExtractionPlan): Input => decodeDoc(InputSchema, JSON.stringify(template))
