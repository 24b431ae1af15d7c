import { findConcept, findOwnConcept } from '../../domain/concepts/find.ts'
import { addLanguages, conceptLanguages, getLanguage } from '../../domain/concepts/languages.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { listPage, patchMany } from '../../domain/resource/verbs.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'ListConceptLanguages' | 'GetConceptLanguage' | 'PostConceptLanguages' | 'PatchConceptLanguages'

/** Names of concepts in further languages. */
export const conceptLanguageRpcs: Pick<Registry, Rpcs> = {
  ListConceptLanguages: async (request, call) => {
    const concept = await findConcept(call, request.conceptId)
    return { conceptLanguages: await listPage(conceptLanguages, call, concept, { window: readPage(request) }) }
  },

  GetConceptLanguage: async (request, call) => {
    const concept = await findConcept(call, request.conceptId)
    return { conceptLanguage: await getLanguage(call, concept, request.language) }
  },

  PostConceptLanguages: async (request, call) => {
    const given = checkBatch(conceptLanguages, request.conceptLanguages)
    const concept = await findOwnConcept(call, request.conceptId)
    return { conceptLanguages: await addLanguages(call, concept, given) }
  },

  PatchConceptLanguages: async (request, call) => {
    const patches = checkBatch(conceptLanguages, request.conceptLanguages)
    const concept = await findOwnConcept(call, request.conceptId)
    return { conceptLanguages: await patchMany(conceptLanguages, call, concept, patches, request.action) }
  },
}
