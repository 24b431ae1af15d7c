import { checkId } from '../../base/ids.ts'
import { type KnowledgeGraph, KnowledgeGraphSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { knowledgeGraphs as rows } from '../../store/repos/families.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkText, invalidConcept } from '../concepts/resource.ts'
import { defineResource } from '../resource/define.ts'
import { listPage } from '../resource/verbs.ts'
import { KNOWLEDGE_GRAPHS_MAX } from './limits.ts'

/** Named subsets of an app's relations; the graph of the app as a whole has the empty id and is no row. */
export const knowledgeGraphs = defineResource({
  kind: 'knowledge graph',
  desc: KnowledgeGraphSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.CONCEPTS_INVALID_REQUEST,
    invalid: StatusCode.CONCEPTS_INVALID_REQUEST,
  },
  checkId: (id) => checkId(id, 'knowledge graph', StatusCode.CONCEPTS_INVALID_REQUEST),
  serverFields: [],
  patch: { actions: [], fields: [] },
  defaultSort: { column: 'pk', descending: false },
  hooks: {
    async validate({ name, description, examplesAppId, sampledExamplesAppId }, call, reader) {
      checkText('name', name)
      checkText('description', description)
      checkText('examples_app_id', examplesAppId)
      checkText('sampled_examples_app_id', sampledExamplesAppId)
      if ((await rows.count(reader, { parent: requireApp(call.target).pk })) < KNOWLEDGE_GRAPHS_MAX) return
      throw invalidConcept(`The app has ${KNOWLEDGE_GRAPHS_MAX} knowledge graphs; there cannot be more.`)
    },
  },
})

/** All knowledge graphs of the call's app, oldest first. */
export const allKnowledgeGraphs = (call: Call): Promise<KnowledgeGraph[]> =>
  listPage(knowledgeGraphs, call, requireApp(call.target), { window: { limit: KNOWLEDGE_GRAPHS_MAX, offset: 0 } })
