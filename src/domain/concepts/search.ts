import { create } from '@bufbuild/protobuf'
import { CATALOGUE_USER } from '../../catalogue/index.ts'
import {
  type Concept,
  ConceptExtraInfoSchema,
  type ConceptQuery,
  type Model,
  type Workflow,
  WorkflowModelUseCase,
  type WorkflowNode,
  WorkflowSchema,
  WorkflowVersionSchema,
} from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { searchConcepts } from '../../store/repos/concepts.ts'
import { modelTypes } from '../../workflow/model-types/index.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { embeds } from '../models/base-embedder.ts'
import { findModel, findVersion, type ModelAt, newestVersion, publicPlace } from '../models/find.ts'
import { placeOfRef } from '../models/resolve.ts'
import type { PageWindow } from '../resource/paging.ts'
import { present } from '../resource/verbs.ts'
import { findWorkflowAnywhere, findWorkflowVersion } from '../workflows/find.ts'
import { renewNodes } from '../workflows/renew-nodes.ts'
import { concepts, invalidConcept } from './resource.ts'

/** Language of the names that a search is for when it names none, whatever the language of the app is. */
const SEARCHED_LANGUAGE = 'en'

const FIELDS: Readonly<Record<number, string>> = {
  [WorkflowModelUseCase.CLASSIFICATION]: 'concepts',
  [WorkflowModelUseCase.DETECTION]: 'regions[...].data.concepts',
}

/**
 * One page of the concepts whose name fits: those of the app, then those of the model or workflow that is named as
 * source; without a source the public ones, which older clients expect to find from every app.
 */
export async function findConcepts(
  call: Call,
  query: ConceptQuery | undefined,
  rankable: Model | undefined,
  window: PageWindow,
): Promise<Concept[]> {
  const app = requireApp(call.target)
  const hasSource = query?.source.case !== undefined || (query?.workflowId ?? '') !== ''
  const useCases = query ? readUseCases(query) : []
  if (!query || (query.name === '' && !hasSource && useCases.length === 0)) {
    throw invalidConcept('The concept_query is empty; give a name, with * for any text, or a source.')
  }
  const open = await publicPlace(call)
  const typeIds = useCases.length === 0 ? undefined : typesFor(useCases)
  // What a concept is used for shows only in models, so an app's own concepts do not count then.
  const ownToo = !query.ignoreAppConcepts && typeIds === undefined
  const language = query.language || SEARCHED_LANGUAGE
  const plainAppPks = [app, ...(open ? [open.app] : [])].flatMap((a) => (a.defaultLanguage === language ? [a.pk] : []))
  const rows = await searchConcepts(
    call.services.db.read,
    {
      appPk: ownToo ? app.pk : undefined,
      publicAppPk: hasSource ? undefined : open?.app.pk,
      publicTypeIds: typeIds,
      versionPks: hasSource ? await sourceVersions(call, query, typeIds) : undefined,
    },
    { name: query.name, language, plainAppPks },
    window,
  )
  const found = await present(concepts, call, rows)
  for (const [at, row] of rows.entries()) {
    if (row.translated === null) continue
    found[at]!.name = row.translated
    found[at]!.language = language
  }
  if (rankable) await markRankable(call, rankable, found)
  return found
}

const DETECTORS: ReadonlySet<string> = new Set(typesFor([WorkflowModelUseCase.DETECTION]))

/** The use cases that a query names. Throws AppError 40003 for those that there are none of. */
function readUseCases({ useCases }: ConceptQuery): WorkflowModelUseCase[] {
  const named = useCases.filter((useCase) => useCase !== WorkflowModelUseCase.WORKFLOW_MODEL_USE_CASE_NOT_SET)
  const unknown = named.find((useCase) => FIELDS[useCase] === undefined)
  if (unknown === undefined) return named
  throw invalidConcept(`There is no use case ${unknown}; use CLASSIFICATION or DETECTION.`)
}

function typesFor(useCases: readonly WorkflowModelUseCase[]): string[] {
  const fields = useCases.map((useCase) => FIELDS[useCase])
  return [...modelTypes.values()]
    .filter((type) => type.outputFields.some((group) => group.split(',').some((field) => fields.includes(field))))
    .map(({ id }) => id)
}

/** Pks of the model versions that a query names as its source. */
async function sourceVersions(
  call: Call,
  query: ConceptQuery,
  typeIds: readonly string[] | undefined,
): Promise<number[]> {
  const { source, workflowId } = query
  if (source.case === 'model') {
    const found = await modelAt(call, source.value)
    return typeIds && !typeIds.includes(found.row.model_type_id) ? [] : versionPk(call, found, source.value)
  }
  const nodes = await nodesOfWorkflow(call, source.value ?? create(WorkflowSchema, { id: workflowId }))
  const pks: number[] = []
  const detecting = new Set<string>()
  for (const { id, model, nodeInputs } of nodes) {
    if (!model) continue
    const found = await modelAt(call, model)
    // What runs behind a detector tells what the things are that it has found; nodes stand behind their inputs.
    const behind = nodeInputs.some(({ nodeId }) => detecting.has(nodeId))
    if (behind || DETECTORS.has(found.row.model_type_id)) detecting.add(id)
    const use = detecting.has(id) ? WorkflowModelUseCase.DETECTION : WorkflowModelUseCase.CLASSIFICATION
    if (typeIds === undefined || query.useCases.includes(use)) pks.push(...(await versionPk(call, found, model)))
  }
  return pks
}

async function versionPk(call: Call, found: ModelAt, { modelVersion }: Model): Promise<number[]> {
  const id = modelVersion?.id
  const version = id ? await findVersion(call, found, id) : await newestVersion(call, found, 'latest')
  return version ? [version.pk] : []
}

async function modelAt(call: Call, { id, userId, appId }: Model): Promise<ModelAt> {
  return findModel(call, await placeOfRef(call, { userId, appId }), id)
}

async function nodesOfWorkflow(call: Call, named: Workflow): Promise<WorkflowNode[]> {
  const workflow = await findWorkflowAnywhere(call, named.id, named.userId === CATALOGUE_USER)
  const row = await findWorkflowVersion(call, workflow, named.version?.id ?? '')
  const { nodes } = decodeDoc(WorkflowVersionSchema, row.doc)
  await renewNodes(call.services.db.read, nodes)
  return nodes
}

/** Says of each concept whether inputs can be ranked by it: with an embedding model that reads text, by its name. */
async function markRankable(call: Call, model: Model, found: readonly Concept[]): Promise<void> {
  const { row } = await modelAt(call, model)
  const inputs = modelTypes.get(row.model_type_id)?.inputFields ?? []
  const isRankable = embeds(row.model_type_id) && inputs.some((field) => field.split(',').includes('text'))
  for (const concept of found) concept.extraInfo = create(ConceptExtraInfoSchema, { isRankable })
}
