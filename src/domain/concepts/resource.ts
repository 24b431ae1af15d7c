import { AppError } from '../../base/errors.ts'
import { checkConceptId, newId } from '../../base/ids.ts'
import { METADATA_BYTES_MAX, TEXT_BYTES_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { ConceptSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { conceptHomes } from '../../store/repos/concepts.ts'
import { concepts as rows } from '../../store/repos/families.ts'
import { defineResource } from '../resource/define.ts'

/** The refusal of a concept or a translation that must not be stored. */
export const invalidConcept = (details: string): AppError => new AppError(StatusCode.CONCEPTS_INVALID_REQUEST, details)

/** Refuses a text of a concept that is too long. */
export function checkText(field: string, text: string, max: number = TEXT_BYTES_MAX): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > max) throw invalidConcept(`The field ${field} has ${bytes} bytes; use at most ${max}.`)
}

/** Concepts belong to the app and are shared by all its models; they are renamed but never deleted. */
export const concepts = defineResource({
  kind: 'concept',
  desc: ConceptSchema,
  rows,
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
    validate(concept) {
      checkText('name', concept.name)
      checkText('definition', concept.definition)
      if (concept.metadata) checkText('metadata', JSON.stringify(concept.metadata), METADATA_BYTES_MAX)
      if (concept.image && concept.image.base64.length > 0) {
        throw invalidConcept('The image of a concept must be given by its url.')
      }
    },
    columns: (concept) => ({ name: concept.name, language: '' }),
    async present(items, call) {
      const homes = await conceptHomes(
        call.services.db.read,
        items.map(({ row }) => row.app_pk),
      )
      for (const { row, message } of items) {
        const home = homes.get(row.app_pk)
        message.createdAt = toTimestamp(row.created_at)
        message.name = row.name
        message.appId = home?.appId ?? ''
        message.userId = home?.userId ?? ''
        message.language = home?.language ?? ''
        message.value = 1
      }
    },
    // Plans carry the names of concepts.
    afterCommit: (call) => call.services.plans.clear(),
  },
})
