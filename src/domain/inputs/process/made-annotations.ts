import { clone, create } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import {
  type Annotation,
  AnnotationSchema,
  type Data,
  DataSchema,
  type Model,
  ModelSchema,
  ModelVersionSchema,
  WorkerSchema,
} from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { InputResult, NodeResult, PlanNode } from '../../../workflow/plan.ts'
import { isEmptyData } from '../../annotations/check-data.ts'
import { walk } from '../../annotations/walk.ts'
import type { ModelRows, ReadyWorkflow } from '../../predict/workflow.ts'

/** An annotation that came out of a workflow: a model's, or one that an annotation writer has written. */
export type MadeAnnotation =
  | { readonly by: 'model'; readonly message: Annotation; readonly rows: ModelRows; readonly versionId: string }
  | { readonly by: 'writer'; readonly message: Annotation; readonly params: PlanNode['params'] }

/**
 * What is kept of a workflow's results: the data of its models and of its annotation writers, one annotation for each
 * region, frame and time segment. Throws the reason where nothing at all could run; an input that fits none of the
 * models is no failure.
 */
export function madeBy(workflow: ReadyWorkflow, { nodes: results }: InputResult): MadeAnnotation[] {
  refuseFailure(results)
  return results.flatMap((result, index): MadeAnnotation[] => {
    const node = workflow.plan.nodes[index]
    if (!result?.data || !node) return []
    const data = clone(DataSchema, result.data)
    dropMedia(data)
    if (node.engine === 'annotation-writer') {
      dropEmbeddings(data)
      return parts(data).map((message) => ({ by: 'writer', message, params: node.params }))
    }
    const [model, rows] = [workflow.models.get(index), workflow.rows.get(index)]
    if (!node.isModel || !model || !rows) return []
    // The vectors of two nodes that compute the same are kept once.
    if (node.sameAs !== undefined) dropEmbeddings(data)
    const versionId = model.modelVersion?.id ?? ''
    const worker = workerOf(model)
    return parts(data).map((message) => ({ by: 'model', message: { ...message, worker }, rows, versionId }))
  })
}

function refuseFailure(results: readonly (NodeResult | undefined)[]): void {
  const ran = results.flatMap((result) =>
    result && result.code !== StatusCode.WORKFLOW_NO_MATCHING_INPUT ? [result] : [],
  )
  const failed = ran.filter(({ code }) => code !== StatusCode.SUCCESS && code !== StatusCode.MIXED_STATUS)
  const [first] = failed
  if (first && failed.length === ran.length) throw new AppError(first.code, first.details)
}

const workerOf = ({ id, userId, appId, modelVersion }: Model): Annotation['worker'] => {
  const version = create(ModelVersionSchema, { id: modelVersion?.id ?? '' })
  return create(WorkerSchema, {
    worker: { case: 'model', value: create(ModelSchema, { id, userId, appId, modelVersion: version }) },
  })
}

/** What a model has answered, cut into annotations of that model. */
export function annotationsOf(model: Model, answered: Data): Annotation[] {
  const data = clone(DataSchema, answered)
  dropMedia(data)
  const worker = workerOf(model)
  return parts(data).map((message) => ({ ...message, worker }))
}

/** Data cut into annotations: what is said of the whole, then each region, frame, time segment and track by itself. */
function parts(data: Data): Annotation[] {
  const { regions, frames, timeSegments, tracks, ...rest } = data
  const whole = { ...rest, regions: [], frames: [], timeSegments: [], tracks: [] }
  const pieces = [
    whole,
    ...regions.map((region) => create(DataSchema, { regions: [region] })),
    ...frames.map((frame) => create(DataSchema, { frames: [frame] })),
    ...timeSegments.map((segment) => create(DataSchema, { timeSegments: [segment] })),
    ...tracks.map((track) => create(DataSchema, { tracks: [track] })),
  ]
  return pieces.filter((piece) => !isEmptyData(piece)).map((piece) => create(AnnotationSchema, { data: piece }))
}

/** Pictures that nodes pass on to one another are no annotation. */
function dropMedia(data: Data): void {
  for (const { data: part } of walk(data)) {
    Object.assign(part, { image: undefined, video: undefined, audio: undefined, heatmaps: [], hits: [], parts: [] })
  }
}

function dropEmbeddings(data: Data): void {
  for (const { data: part } of walk(data)) part.embeddings = []
}
