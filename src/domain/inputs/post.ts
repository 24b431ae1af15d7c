import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import type { Input, InputsAddJob, Status } from '../../contract/index.ts'
import { InputIDConflictResolution } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { requireApp } from '../access/target.ts'
import { checkMaskPictures } from '../annotations/mask-picture.ts'
import type { Call } from '../call.ts'
import { addJobsByPk } from './add-jobs.ts'
import { batchStatus } from './answer.ts'
import { findDatasets } from './datasets.ts'
import { keepContents } from './keep-contents.ts'
import { type Posted, readPosted, refusedPost } from './posted.ts'
import { presentPosted } from './present-posted.ts'
import { invalidInput } from './problem.ts'
import { storePosted } from './store-posted.ts'
import { duplicateId } from './taken.ts'

/**
 * Stores new inputs, each for itself, and leaves their processing to a job: the answer says pending. What is
 * acknowledged is on the disk, contents first.
 */
export async function postInputs(
  call: Call,
  request: RequestOf<'PostInputs'>,
): Promise<{ inputs: Input[]; inputsAddJob?: InputsAddJob; status?: Status }> {
  const app = requireApp(call.target)
  const items = checkCount(request.inputs).map(readOrRefuse)
  const datasetPks = await findDatasets(call.services.db.read, app.pk, request.inputs)
  refuseRepeated(items)
  await refuseBrokenMasks(items)
  await keepContents(
    call.services.blobs,
    items.filter(({ refusal }) => !refusal),
  )
  const addJobPk = await storePosted(call, items, {
    datasetPks,
    addJobId: request.inputsAddJobId,
    suffix: request.inputIdConflictResolution === InputIDConflictResolution.SUFFIX,
  })
  const inputs = presentPosted(call, items)
  const [inputsAddJob] = addJobPk === null ? [] : await addJobsByPk(call, [addJobPk])
  return { inputs, inputsAddJob, status: batchStatus(inputs, StatusCode.INPUT_PENDING) }
}

function checkCount(inputs: readonly Input[]): readonly Input[] {
  if (inputs.length === 0) {
    throw new AppError(StatusCode.INPUT_INVALID_REQUEST, 'The request has no inputs; send at least one.')
  }
  if (inputs.length > BATCH_ITEMS_MAX) {
    throw new AppError(
      StatusCode.INPUT_OVER_LIMIT,
      `The request has ${inputs.length} inputs; send at most ${BATCH_ITEMS_MAX} at a time.`,
    )
  }
  return inputs
}

function readOrRefuse(input: Input): Posted {
  try {
    return readPosted(input)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return refusedPost(input, error)
  }
}

/** Masks are looked at by another thread, so later than all else. */
async function refuseBrokenMasks(items: readonly Posted[]): Promise<void> {
  for (const item of items) {
    if (item.refusal) continue
    try {
      for (const { data } of item.labels.regions) if (data) await checkMaskPictures(data)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      item.refusal = invalidInput(error.details)
    }
  }
}

/** An id that stands twice in one request is an error of whoever made it, also where suffixes are wanted. */
function refuseRepeated(items: readonly Posted[]): void {
  const seen = new Set<string>()
  for (const item of items) {
    if (item.refusal) continue
    if (seen.has(item.id)) item.refusal = duplicateId()
    seen.add(item.id)
  }
}
