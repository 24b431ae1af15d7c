import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, type Input, InputSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type Compiled, compileSingle } from '../../workflow/compile/index.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { runInputs } from '../predict/run.ts'
import { type ReadyWorkflow, readyWorkflow } from '../predict/workflow.ts'

/** A vector that stands for what a search looks for, with the model version that made it. */
export interface QueryVector {
  readonly versionId: string
  readonly vector: readonly number[]
}

/** What model types make vectors of which media. */
const EMBEDS: Readonly<Record<string, readonly Medium[]>> = {
  'visual-embedder': ['image', 'video'],
  'text-embedder': ['text'],
  'audio-embedder': ['audio'],
  'multimodal-embedder': ['image', 'text'],
}

type Node = Compiled['nodes'][number]
type Medium = 'image' | 'video' | 'audio' | 'text'
const MEDIA: readonly Medium[] = ['image', 'text', 'video', 'audio']

const invalid = (details: string): AppError => new AppError(StatusCode.SEARCH_INVALID_REQUEST, details)

/**
 * Makes the vector of a medium with the embedder of the app's default workflow, as the inputs' own were made, or with
 * the version that the caller names among its embedders. Throws AppError 40002 where there is no such embedder and
 * 43003 where the medium cannot be used.
 */
export async function embedQuery(call: Call, data: Data, versionId: string): Promise<QueryVector> {
  requireApp(call.target)
  const medium = MEDIA.find((kind) => data[kind] !== undefined)
  if (!medium) throw invalid('The rank has no image, text, video or audio to compare with.')
  const workflow = await readyWorkflow(call, { workflowId: '', versionId: '', favorClarifaiWorkflows: false })
  const node = embedderFor(workflow, medium, versionId)
  const input = create(InputSchema, { data: { [medium]: data[medium] } })
  const vector = await vectorOf(call, workflow, node, input)
  return { versionId: node.model.versionId, vector }
}

function embedderFor({ nodes }: ReadyWorkflow, medium: Medium, versionId: string): Node {
  const embedders = nodes.filter(({ model }) => model.modelTypeId in EMBEDS)
  const able = embedders.filter(({ model }) => EMBEDS[model.modelTypeId]!.includes(medium))
  const node = versionId === '' ? able[0] : able.find(({ model }) => model.versionId === versionId)
  if (node) return node
  if (embedders.length === 0) {
    throw invalid(
      "The app's default workflow has no embedder, so its inputs cannot be compared; patch the app's default_workflow.",
    )
  }
  throw invalid(
    versionId === ''
      ? `The app's default workflow cannot compare ${medium}; choose one with an embedder for it.`
      : `The app's default workflow has no embedder of version '${versionId}' for ${medium}; name one that it has.`,
  )
}

async function vectorOf(call: Call, workflow: ReadyWorkflow, node: Node, input: Input) {
  // An embedder that stands at the front needs nothing of the others.
  const alone = (node.node?.nodeInputs.length ?? 0) === 0
  const compiled = alone ? compileSingle(node.model, {}) : workflow
  const [ran] = await runInputs(call, compiled, [input])
  if (!ran) throw new Error('one input gives one result')
  if ('error' in ran) throw new AppError(ran.error.code, `What is searched by cannot be used: ${ran.error.details}`)
  const result = ran.result.nodes[alone ? compiled.nodes[0]!.index : node.index]
  const vector = result?.data && firstVector(result.data)
  if (vector) return vector
  throw new AppError(
    StatusCode.SEARCH_PREDICTION_FAILURE,
    `The embedder '${node.model.modelId}' made no vector of what is searched by: ${result?.details || 'nothing was found in it.'}`,
  )
}

function firstVector(data: Data): readonly number[] | undefined {
  const [own] = data.embeddings
  if (own && own.vector.length > 0) return own.vector
  for (const { data: part } of [...data.regions, ...data.frames]) {
    const found = part && firstVector(part)
    if (found) return found
  }
  return undefined
}
