import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { WORKFLOW_INPUTS_MAX } from '../../base/limits.ts'
import {
  HitSchema,
  type Input,
  type Status,
  type WorkflowResultsSimilarity,
  WorkflowResultsSimilaritySchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../call.ts'
import { echoInput } from './answer.ts'
import { checkInputs } from './inputs.ts'
import { type Ran, runInputs } from './run.ts'
import type { ReadyWorkflow } from './workflow.ts'

/**
 * Compares every probe with every pool input by the vectors of one embedding model of a workflow. Scores are cosines
 * brought to 0..1; hits come best first. An input without a vector fails the call, since a gap would look like a
 * low score.
 */
export async function similarityOf(
  call: Call,
  ready: ReadyWorkflow,
  modelVersionId: string,
  probes: readonly Input[],
  pool: readonly Input[],
): Promise<{ results: WorkflowResultsSimilarity[]; status?: Status }> {
  checkInputs(probes, WORKFLOW_INPUTS_MAX, 'probe_inputs')
  checkInputs(pool, WORKFLOW_INPUTS_MAX, 'pool_inputs')
  const node = ready.nodes.find(({ model }) => model.versionId === modelVersionId)
  if (!node) {
    throw new AppError(
      StatusCode.WORKFLOW_INVALID_ARGUMENT,
      `The workflow has no model of version '${modelVersionId}'; name the version of its embedder.`,
    )
  }
  if (node.node?.suppressOutput) {
    throw new AppError(
      StatusCode.WORKFLOW_INVALID_ARGUMENT,
      `The output of the node '${node.node.id}' is suppressed, so nothing can be compared; patch the workflow.`,
    )
  }
  const ran = await runInputs(call, ready, [...probes, ...pool])
  const vectors = ran.map((item, at) =>
    vectorOf(item, node.index, at < probes.length ? `probe ${at + 1}` : `pool input ${at - probes.length + 1}`),
  )
  const shown = pool.map(echoInput)
  return {
    results: probes.map((probe, at) => {
      const hits = shown.map((input, other) =>
        create(HitSchema, { score: similarityScore(vectors[at]!, vectors[probes.length + other]!), input }),
      )
      return create(WorkflowResultsSimilaritySchema, {
        probeInput: echoInput(probe),
        poolResults: hits.sort((a, b) => b.score - a.score),
      })
    }),
  }
}

function vectorOf(item: Ran, index: number, what: string): readonly number[] {
  if ('error' in item) throw new AppError(item.error.code, `The ${what} cannot be used: ${item.error.details}`)
  const node = item.result.nodes[index]
  const vector = node?.data?.embeddings[0]?.vector
  if (!vector || vector.length === 0) {
    throw new AppError(
      StatusCode.WORKFLOW_NO_MATCHING_INPUT,
      `The ${what} has no embedding from that model: ${node?.details || 'it made none of this input.'}`,
    )
  }
  return vector
}

/** Cosine of two vectors of one length, brought to 0..1; a vector without length is like nothing (0.5). */
export function similarityScore(a: readonly number[], b: readonly number[]): number {
  let [dot, lengthA, lengthB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!
    lengthA += a[i]! ** 2
    lengthB += b[i]! ** 2
  }
  const cosine = dot / (Math.sqrt(lengthA * lengthB) || 1)
  return Math.min(1, Math.max(0, (1 + cosine) / 2))
}
