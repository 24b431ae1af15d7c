import type { JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { RELATIONS } from '../../engines/operators/concept-synonym-mapper.ts'
import { type RelatedConcept, relatedPairs } from '../../store/repos/concept-relations.ts'
import { ownersOf } from '../../store/repos/owners.ts'
import type { ResolvedModel } from '../../workflow/compile/index.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { MAPPED_RELATIONS_MAX } from './limits.ts'
import { readPredicate } from './resource.ts'

const MAPPER = 'concept-synonym-mapper'

/**
 * A mapper with the relations that it maps by, those of the call's app: workers look nothing up, so what they need
 * travels with the plan. Plans are made anew whenever relations or concepts change. Other models stay as they are.
 */
export async function withRelations(
  call: Call,
  model: ResolvedModel,
  override: JsonObject | undefined,
): Promise<ResolvedModel> {
  if (model.modelTypeId !== MAPPER) return model
  const params = { ...model.params, ...override }
  const graph = {
    appPk: requireApp(call.target).pk,
    graphId: textOf(params.knowledge_graph_id),
    predicate: readPredicate(textOf(params.predicate) || 'synonym'),
  }
  const { read } = call.services.db
  const pairs = await relatedPairs(read, graph, MAPPED_RELATIONS_MAX + 1)
  if (pairs.length > MAPPED_RELATIONS_MAX) {
    throw new AppError(
      StatusCode.MODEL_INVALID_ARGUMENT,
      `The knowledge graph '${graph.graphId}' has more than ${MAPPED_RELATIONS_MAX} relations to map by; use a smaller one.`,
    )
  }
  const homes = await ownersOf(
    read,
    pairs.flatMap(({ from, to }) => [from.appPk, to.appPk]),
  )
  const json = ({ id, name, appPk }: RelatedConcept) => ({ id, name, ...homes.get(appPk) })
  return { ...model, supplied: { [RELATIONS]: pairs.map(({ from, to }) => ({ from: json(from), to: json(to) })) } }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
