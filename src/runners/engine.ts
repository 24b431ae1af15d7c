import { create } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import {
  type Data,
  DataSchema,
  type MultiOutputResponse,
  type PostModelOutputsRequest,
  PostModelOutputsRequestSchema,
} from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { LoadedEngine } from '../engines/engine.ts'
import { type RunnerSettings, withoutSecrets } from '../workflow/runner.ts'
import { failureOf } from './connection.ts'
import type { RunnerHub } from './hub.ts'
import type { RunnerChoice } from './work.ts'

/** A model version that runners serve, as an engine of one run of a workflow. */
export function runnerEngine(settings: RunnerSettings, hub: RunnerHub, signal: AbortSignal): LoadedEngine {
  return {
    bytes: 0,
    dispose: async () => {},
    async infer(items, { params }) {
      const { userId, appId, modelId, versionId } = settings
      const outputInfo = { params: withoutSecrets(params) }
      const request = create(PostModelOutputsRequestSchema, {
        userAppId: { userId, appId },
        modelId,
        versionId,
        inputs: items.map(({ data }, at) => ({ id: String(at), data: create(DataSchema, data) })),
        model: { id: modelId, userId, appId, modelVersion: { id: versionId, outputInfo } },
      })
      return (await askOnce(hub, settings, request, signal)).outputs.map(dataOf)
    },
  }
}

/** The one answer to one request. Throws AppError for an answer that has failed as a whole. */
export async function askOnce(
  hub: RunnerHub,
  work: RunnerSettings,
  request: PostModelOutputsRequest,
  signal: AbortSignal,
  choice?: RunnerChoice,
): Promise<MultiOutputResponse> {
  for await (const answer of hub.run({ work, choice, kind: 'unary', request }, signal)) {
    checkAnswer(answer, request.inputs.length)
    return answer
  }
  throw new AppError(StatusCode.RUNNER_PROCESSING_FAILED, 'The runner ended its work without an answer; try again.')
}

/** Refuses an answer that says of itself that it failed, or that has not an output for each input. */
export function checkAnswer({ status, outputs }: MultiOutputResponse, inputs: number): void {
  if (outputs.length === inputs) return
  if (outputs.length === 0 && status && status.code !== StatusCode.SUCCESS) throw failureOf(status)
  throw new AppError(
    StatusCode.RUNNER_PROCESSING_FAILED,
    `The runner answered ${outputs.length} outputs to ${inputs} inputs; correct the model's code.`,
  )
}

function dataOf({ status, data }: MultiOutputResponse['outputs'][number]): Data {
  if (status && status.code !== StatusCode.SUCCESS && status.code !== StatusCode.ZERO) throw failureOf(status)
  return data ?? create(DataSchema)
}
