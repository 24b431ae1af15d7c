import { requireApp } from '../../domain/access/target.ts'
import { allKnowledgeGraphs, knowledgeGraphs } from '../../domain/concept-relations/knowledge-graphs.ts'
import { listRelations } from '../../domain/concept-relations/list.ts'
import { startMapping } from '../../domain/concept-relations/mapping.ts'
import { mappingBatch, relationBatch } from '../../domain/concept-relations/resource.ts'
import { addRelations, removeRelations } from '../../domain/concept-relations/write.ts'
import { findConcept } from '../../domain/concepts/find.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const graphs = bindResource(
  knowledgeGraphs,
  { create: 'PostKnowledgeGraphs' },
  { parent: (call) => requireApp(call.target) },
)

const bespoke: Pick<
  Registry,
  | 'ListConceptRelations'
  | 'PostConceptRelations'
  | 'DeleteConceptRelations'
  | 'ListKnowledgeGraphs'
  | 'PostConceptMappingJobs'
> = {
  ListConceptRelations: async (request, call) => ({ conceptRelations: await listRelations(call, request) }),

  PostConceptRelations: async (request, call) => {
    const given = checkBatch(relationBatch, request.conceptRelations)
    const subject = await findConcept(call, request.conceptId)
    return { conceptRelations: await addRelations(call, subject, given) }
  },

  DeleteConceptRelations: async (request, call) => {
    await removeRelations(call, await findConcept(call, request.conceptId), request.ids)
    return {}
  },

  PostConceptMappingJobs: async (request, call) => ({
    ids: await startMapping(call, checkBatch(mappingBatch, request.conceptMappingJobs)),
  }),

  ListKnowledgeGraphs: async (_request, call) => ({ knowledgeGraphs: await allKnowledgeGraphs(call) }),
}

/** How concepts are related to each other, and the named graphs of such relations. */
export const conceptRelationRpcs = { ...graphs, ...bespoke }
