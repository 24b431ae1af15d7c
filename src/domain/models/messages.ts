import { create } from '@bufbuild/protobuf'
import { statusText } from '../../base/status-text.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Concept,
  ConceptSchema,
  type Model,
  ModelSchema,
  type ModelVersion,
  ModelVersionSchema,
  OutputInfoSchema,
  StatusSchema,
  VisibilitySchema,
} from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { VersionConcept } from '../../store/repos/model-versions.ts'
import type { Owner } from '../../store/repos/owners.ts'
import type { Row } from '../../store/schema/tables.ts'
import { languageTags } from './languages.ts'

// Literally so in the original: the braces are not a placeholder that anybody fills in.
const LEFT_OUT = 'Show output_info with: GET /models/{model_id}/output_info'

/** A model row as a message, without its version and without what is counted. */
export function modelMessage(row: Row<'models'>, owner: Owner): Model {
  const model = decodeDoc(ModelSchema, row.doc)
  model.id = row.id
  model.name ||= row.id
  model.displayName ||= model.name
  model.modelTypeId = row.model_type_id
  model.createdAt = toTimestamp(row.created_at)
  model.modifiedAt = toTimestamp(row.modified_at)
  model.appId = owner.appId
  model.userId = owner.userId
  model.visibility = create(VisibilitySchema, { gettable: row.visibility })
  model.languagesFull = languageTags(model.languages)
  return model
}

/** A version row as a message; concepts and heads are only pointed to, and the log of its training is a text. */
export function versionMessage(row: Row<'model_versions'>, owner: Owner, conceptCount: number): ModelVersion {
  const version = decodeDoc(ModelVersionSchema, row.doc)
  version.id = row.id
  version.createdAt = toTimestamp(row.created_at)
  version.modifiedAt = toTimestamp(row.modified_at)
  version.completedAt = row.completed_at === null ? undefined : toTimestamp(row.completed_at)
  version.appId = owner.appId
  version.userId = owner.userId
  version.visibility = create(VisibilitySchema, { gettable: row.visibility })
  version.activeConceptCount = conceptCount
  version.status = create(StatusSchema, {
    code: row.status_code,
    description: statusText(row.status_code),
    details: version.status?.details ?? '',
  })
  version.outputInfo ??= create(OutputInfoSchema)
  version.outputInfo.message = LEFT_OUT
  return version
}

/** A concept of a version as it stands in `output_info.data`. */
export function conceptOfVersion(row: VersionConcept, owner: Owner, language: string): Concept {
  const concept = decodeDoc(ConceptSchema, row.doc)
  concept.id = row.id
  concept.name = row.name
  concept.createdAt = toTimestamp(row.created_at)
  concept.appId = owner.appId
  concept.userId = owner.userId
  concept.language = language
  concept.value = decodeDoc(ConceptSchema, row.link).value
  return concept
}
