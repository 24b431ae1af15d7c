import type { JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { Annotation, Concept } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { headOf } from '../../engines/embedding-classifier.ts'
import type { Head, RankPlan } from '../../search/plan.ts'
import { conceptPksNamed } from '../../store/repos/search-labels.ts'
import { modelOfVersion, spacesOfApp } from '../../store/repos/vector-spaces.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { type FoundModel, resolveModel } from '../models/resolve.ts'
import { toResolved } from '../predict/runnable.ts'

const HOW = ['uncertainty', 'diversity', 'disagreement'] as const
type How = (typeof HOW)[number]

const invalid = (details: string): AppError => new AppError(StatusCode.SEARCH_INVALID_REQUEST, details)

/** The member of annotation_info that makes a rank one of active learning. */
const ACTIVE_LEARNING = 'active_learning'

/** Whether a rank asks for what is worth labelling. */
export const asksDoubt = ({ annotationInfo }: Annotation): boolean => annotationInfo?.[ACTIVE_LEARNING] !== undefined

/**
 * Reads a rank such as `annotation: {modelVersionId, annotationInfo: {active_learning: "uncertainty"}}`: inputs that
 * nobody has labelled with the concepts of a trained head, those first whose labels would teach it most. Concepts in
 * `data` restrict it to these. Undefined where the app has no vectors that the head works on.
 */
export async function planDoubt(
  call: Call,
  annotation: Annotation,
  versionId: string,
  negate: boolean,
): Promise<RankPlan | undefined> {
  const info = annotation.annotationInfo!
  const how = howOf(info)
  const app = requireApp(call.target)
  const [model, other] = [await headModel(call, versionId), await otherModel(call, info, how)]
  const base = model.baseEmbedder
  if (!base) throw invalid(`The model version '${versionId}' names no embedder; train it on the vectors of one.`)
  const { read } = call.services.db
  const space = (await spacesOfApp(read, app.pk)).find(({ versionPk }) => versionPk === base.versionRow.pk)
  if (!space) return undefined
  const concepts = conceptsOf(model, annotation.data?.concepts ?? [])
  const head = headFor(model, concepts, space.dimension)
  const conceptPks: number[] = []
  for (const { id } of concepts) {
    conceptPks.push(...(await conceptPksNamed(read, [app.pk], { id, name: '' })))
  }
  return {
    by: 'doubt',
    negate,
    space,
    conceptPks,
    head,
    other: other ? headFor(other, concepts, space.dimension) : null,
    diverse: how === 'diversity',
  }
}

function howOf(info: JsonObject): How {
  const how = HOW.find((known) => known === info[ACTIVE_LEARNING])
  if (how) return how
  throw invalid(`The annotation_info of a rank has an unknown ${ACTIVE_LEARNING}; use ${HOW.join(', ')}.`)
}

async function otherModel(call: Call, info: JsonObject, how: How): Promise<FoundModel | undefined> {
  if (how !== 'disagreement') return undefined
  const id = info.other_model_version_id
  if (typeof id === 'string' && id !== '') return headModel(call, id)
  throw invalid('A rank by disagreement compares two versions; name the other one in other_model_version_id.')
}

async function headModel(call: Call, versionId: string): Promise<FoundModel> {
  if (versionId === '') {
    throw invalid(`A rank by ${ACTIVE_LEARNING} asks a trained model; name its version in model_version_id.`)
  }
  const modelId = await modelOfVersion(call.services.db.read, requireApp(call.target).pk, versionId)
  if (modelId === undefined) throw invalid(`The app has no model version '${versionId}'; train one first.`)
  const found = await resolveModel(call, { modelId, versionId })
  const { engine } = toResolved(found)
  if (engine === 'embedding-classifier' && found.version.outputInfo?.params?.weights !== undefined) return found
  throw invalid(`The model '${modelId}' is no trained head on embeddings; name a version of an embedding-classifier.`)
}

/** The concepts of a model that are asked for; all of them when none are named. */
function conceptsOf({ version, modelId }: FoundModel, wanted: readonly Concept[]): Concept[] {
  const all = version.outputInfo?.data?.concepts ?? []
  return wanted.length === 0
    ? all
    : wanted.map(({ id, name }) => {
        const concept = all.find((own) => (id ? own.id === id : own.name === name))
        if (concept) return concept
        throw invalid(`The model '${modelId}' has no concept '${id || name}'; name one that it has.`)
      })
}

/** The rows of a head for some of its concepts. Concepts that exclude each other stay together. */
function headFor({ version, modelId }: FoundModel, concepts: readonly Concept[], dims: number): Head {
  const all = version.outputInfo?.data?.concepts ?? []
  const { rows, bias, activation, dimensions } = headOf({ params: version.outputInfo?.params ?? {}, concepts: all })
  if (dimensions !== dims) {
    throw invalid(`The model '${modelId}' works on ${dimensions} numbers, but the app's vectors have ${dims}.`)
  }
  const exclusive = activation === 'softmax'
  const kept = exclusive ? all : concepts
  const places = kept.map(({ id }) => {
    const place = all.findIndex((own) => own.id === id)
    if (place >= 0) return place
    throw invalid(`The model version '${version.id}' has no concept '${id}', so the two cannot be compared.`)
  })
  return {
    rows: places.map((place) => Float32Array.from(rows[place]!)),
    bias: places.map((place) => bias[place]!),
    exclusive,
  }
}
