import { create, type JsonObject } from '@bufbuild/protobuf'
import { type Concept, DataSchema, type ModelVersion } from '../../contract/index.ts'
import type { Reader } from '../../store/database.ts'
import type { ConceptHome } from '../../store/repos/concepts.ts'
import { readHead, versionConcepts } from '../../store/repos/model-versions.ts'
import type { Row } from '../../store/schema/tables.ts'
import { conceptOfVersion, versionMessage } from './messages.ts'

/** A version with all that it answers and computes with: every concept, and the weights of its head. */
export async function fullVersion(db: Reader, row: Row<'model_versions'>, home: ConceptHome): Promise<ModelVersion> {
  const [concepts, head] = await Promise.all([conceptsOfVersion(db, row.pk, home), readHead(db, row.pk)])
  const version = versionMessage(row, home, concepts.length)
  const info = version.outputInfo!
  info.message = ''
  info.data = create(DataSchema, { concepts })
  if (head !== undefined) info.params = { ...info.params, ...(JSON.parse(head) as JsonObject) }
  return version
}

/** The concepts of a version in the order of its outputs, or a part of them. */
export async function conceptsOfVersion(
  db: Reader,
  versionPk: number,
  home: ConceptHome,
  part?: { readonly search?: string; readonly limit: number; readonly offset: number },
): Promise<Concept[]> {
  const rows = await versionConcepts(db, versionPk, part)
  return rows.map((row) => conceptOfVersion(row, home, home.language))
}
