import { create } from '@bufbuild/protobuf'
import { languageName } from '../../base/languages.ts'
import { type ConceptLanguage, ConceptLanguageSchema, ConceptSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { conceptHomes } from '../../store/repos/concepts.ts'
import { conceptLanguages as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { defineResource } from '../resource/define.ts'
import { createMany, getOne } from '../resource/verbs.ts'
import { checkText, invalidConcept } from './resource.ts'

/** Names of a concept in further languages; the one in the app's default language is the concept's own. */
export const conceptLanguages = defineResource({
  kind: 'concept language',
  desc: ConceptLanguageSchema,
  rows,
  parentColumn: 'concept_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.CONCEPTS_INVALID_REQUEST,
    invalid: StatusCode.CONCEPTS_INVALID_REQUEST,
  },
  checkId(id) {
    if (languageName(id) === undefined) {
      throw invalidConcept(`There is no language '${id}'; use codes such as 'en', 'de' or 'zh-TW'.`)
    }
  },
  serverFields: [],
  patch: { actions: ['merge', 'overwrite'], fields: ['name', 'definition'] },
  defaultSort: { column: 'pk', descending: false },
  hooks: {
    validate({ name, definition }) {
      if (name === '') throw invalidConcept('A concept language has no name; give each one a name.')
      checkText('name', name)
      checkText('definition', definition)
    },
    columns: ({ name, definition }) => ({ name, definition }),
  },
})

async function defaultLanguage(call: Call, concept: Row<'concepts'>): Promise<string> {
  return (await conceptHomes(call.services.db.read, [concept.app_pk])).get(concept.app_pk)?.language ?? ''
}

/** A concept's name in a language, the default one included. */
export async function getLanguage(call: Call, concept: Row<'concepts'>, code: string): Promise<ConceptLanguage> {
  if (code !== (await defaultLanguage(call, concept))) return getOne(conceptLanguages, call, concept, code)
  const { definition } = decodeDoc(ConceptSchema, concept.doc)
  return create(ConceptLanguageSchema, { id: code, name: concept.name, definition })
}

/** Adds names of a concept, all or none. */
export async function addLanguages(
  call: Call,
  concept: Row<'concepts'>,
  given: readonly ConceptLanguage[],
): Promise<ConceptLanguage[]> {
  const own = await defaultLanguage(call, concept)
  if (given.some(({ id }) => id === own)) {
    throw invalidConcept(
      `The name in '${own}', the app's default language, already exists (duplicate): it is the concept's own; patch the concept.`,
    )
  }
  return createMany(conceptLanguages, call, concept, given)
}
