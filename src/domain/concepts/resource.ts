import { checkConceptId, newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { ConceptSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { KeyedRows } from '../../store/repos/keyed.ts'
import { requireApp } from '../access/target.ts'
import { defineResource } from '../resource/define.ts'

/** Concepts belong to the app and are shared by all its models; they are renamed but never deleted. */
export const concepts = defineResource({
  kind: 'concept',
  desc: ConceptSchema,
  rows: new KeyedRows('concepts', 'app_pk'),
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.CONCEPTS_INVALID_REQUEST,
    invalid: StatusCode.CONCEPTS_INVALID_REQUEST,
  },
  checkId: (id) => checkConceptId(id, StatusCode.CONCEPTS_INVALID_REQUEST),
  // A concept may be given by name alone; then the name is not its id, as two concepts may bear one name.
  makeId: (concept) => (concept.name === '' ? '' : newId()),
  // Names are in the app's default language and a concept by itself has no value.
  serverFields: ['value', 'created_at', 'app_id', 'user_id', 'language', 'visibility', 'extra_info', 'vocab_id'],
  patch: { actions: ['overwrite'], fields: ['name', 'definition', 'metadata', 'keypoint_info', 'image'] },
  defaultSort: { column: 'pk', descending: false },
  hooks: {
    prepare(concept) {
      if (concept.name === '') concept.name = concept.id
    },
    columns: (concept) => ({ name: concept.name, language: '' }),
    present(items, call) {
      const app = requireApp(call.target)
      for (const { row, message } of items) {
        message.createdAt = toTimestamp(row.created_at)
        message.appId = app.id
        message.userId = app.user.id
        message.language = app.defaultLanguage
        message.value = 1
      }
    },
  },
})
