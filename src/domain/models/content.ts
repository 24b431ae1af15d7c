import { create, type JsonObject } from '@bufbuild/protobuf'
import { type Concept, DataSchema, type ModelVersion } from '../../contract/index.ts'
import type { Reader } from '../../store/database.ts'
import type { ConceptHome } from '../../store/repos/concepts.ts'
import { readTraining } from '../../store/repos/model-trainings.ts'
import { readHead, versionConcepts } from '../../store/repos/model-versions.ts'
import type { Row } from '../../store/schema/tables.ts'
import { conceptOfVersion, versionMessage } from './messages.ts'

/**
 * A version as it is shown whole: with every concept, and the weights of a head that a caller has brought. What was
 * learned here is left out: it may be megabytes, and clients that wait for a training ask for this all the time.
 */
export async function shownVersion(db: Reader, row: Row<'model_versions'>, home: ConceptHome): Promise<ModelVersion> {
  const isTrainedHere = (await readTraining(db, row.pk)) !== undefined
  return isTrainedHere ? withConcepts(db, row, home) : fullVersion(db, row, home)
}

/** A version with all that it answers and computes with: every concept, and the weights of its head. */
export async function fullVersion(db: Reader, row: Row<'model_versions'>, home: ConceptHome): Promise<ModelVersion> {
  const [version, head] = await Promise.all([withConcepts(db, row, home), readHead(db, row.pk)])
  const info = version.outputInfo!
  if (head !== undefined) info.params = { ...info.params, ...(JSON.parse(head) as JsonObject) }
  return version
}

async function withConcepts(db: Reader, row: Row<'model_versions'>, home: ConceptHome): Promise<ModelVersion> {
  const concepts = await conceptsOfVersion(db, row.pk, home)
  const version = versionMessage(row, home, concepts.length)
  const info = version.outputInfo!
  info.message = ''
  info.data = create(DataSchema, { concepts })
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
