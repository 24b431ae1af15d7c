import { create } from '@bufbuild/protobuf'
import { PutTaskAssignmentsRequestAction as Action, type Input, TaskAssignmentSchema } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import type { Call } from '../call.ts'
import { type Assignment, inputsOf } from './assignments.ts'
import { startLabelling, submitLabels } from './label.ts'
import { invalidTask } from './problem.ts'
import { review, startReview, type ToReview } from './review.ts'

/** Does what a request wants done with what is assigned in a task, and says what is assigned then. */
export async function putAssignments(call: Call, request: RequestOf<'PutTaskAssignments'>): Promise<Assignment[]> {
  const { taskId, inputId, action, actionConfig: config } = request
  switch (action) {
    case Action.LABEL_START:
      return startLabelling(call, taskId)
    case Action.LABEL_SUBMIT:
      return submitLabels(
        call,
        taskId,
        config.case === 'labelSubmitConfig' ? config.value.taskAssignments : ofInput(inputId),
      )
    case Action.REVIEW_START:
      return startReview(call, taskId, config.case === 'reviewStartConfig' ? config.value.workers : [])
    case Action.REVIEW_APPROVE:
      return review(call, taskId, config.case === 'reviewApproveConfig' ? config.value : NOTHING, 'approve')
    case Action.REVIEW_REQUEST_CHANGES:
      return review(
        call,
        taskId,
        config.case === 'reviewRequestChangesConfig' ? config.value : NOTHING,
        'request changes',
      )
    case Action.REVIEW_REJECT:
      return review(call, taskId, config.case === 'reviewRejectConfig' ? config.value : NOTHING, 'reject')
    case Action.PUT_TASK_ASSIGNMENTS_REQUEST_ACTION_NOT_SET:
      // What older clients send says no action, but which input they have labelled.
      if (inputId !== '') return submitLabels(call, taskId, ofInput(inputId))
      throw invalidTask('The request has no action; set LABEL_START, LABEL_SUBMIT or one of the reviews.')
    default:
      throw invalidTask(`There is no action ${action}.`)
  }
}

const NOTHING: ToReview = { taskAssignments: [], workers: [] }

const ofInput = (id: string) => (id === '' ? [] : [create(TaskAssignmentSchema, { input: { id } })])

/** The inputs that the caller has to label next, as older clients ask for them. */
export async function nextInputs(call: Call, taskId: string): Promise<Input[]> {
  const assignments = await startLabelling(call, taskId)
  const shown = await inputsOf(call, assignments)
  return assignments.flatMap(({ input_pk }) => shown.get(input_pk) ?? [])
}
