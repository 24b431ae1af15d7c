import { requireApp } from '../../domain/access/target.ts'
import { conceptCounts } from '../../domain/concepts/counts.ts'
import { findConcept } from '../../domain/concepts/find.ts'
import { concepts } from '../../domain/concepts/resource.ts'
import { findConcepts } from '../../domain/concepts/search.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { present } from '../../domain/resource/verbs.ts'
import { fits } from '../../store/repos/search.ts'
import { bindResource } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

/** The standard verbs of concepts; there is no way to delete one. */
const standard = bindResource(
  concepts,
  { list: 'ListConcepts', create: 'PostConcepts', patch: 'PatchConcepts' },
  {
    parent: (call) => requireApp(call.target),
    listQuery: (request, call) => {
      const id = request.id as string
      return id === '' ? {} : { where: (row) => fits(call.services.db.read.ops, row.ref('id'), id) }
    },
  },
)

const bespoke: Pick<Registry, 'GetConcept' | 'GetConceptCounts' | 'PostConceptsSearches'> = {
  GetConcept: async (request, call) => {
    const [concept] = await present(concepts, call, [await findConcept(call, request.conceptId)])
    return { concept }
  },

  GetConceptCounts: async (request, call) => ({ conceptCounts: await conceptCounts(call, readPage(request)) }),

  PostConceptsSearches: async (request, call) => {
    const rankable = request.extraInfo?.rankableModel
    return { concepts: await findConcepts(call, request.conceptQuery, rankable, readPage(request.pagination)) }
  },
}

export const conceptRpcs = { ...standard, ...bespoke }
