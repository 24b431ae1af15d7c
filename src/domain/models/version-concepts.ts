import { create } from '@bufbuild/protobuf'
import { checkConceptId } from '../../base/ids.ts'
import { type Concept, ConceptSchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import { Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { concepts as rows } from '../../store/repos/families.ts'
import { demandScope } from '../access/demand.ts'
import type { Call } from '../call.ts'
import { concepts } from '../concepts/resource.ts'
import { insertOne } from '../resource/verbs.ts'
import { invalidModel } from './checks.ts'
import { VERSION_CONCEPTS_MAX } from './limits.ts'

/** Refuses a list of concepts that a version cannot have: unnamed, repeated, of another app, or too long. */
export function checkVersionConcepts(given: readonly Concept[]): void {
  if (given.length > VERSION_CONCEPTS_MAX) {
    throw invalidModel(`The version has ${given.length} concepts; use at most ${VERSION_CONCEPTS_MAX}.`)
  }
  const seen = new Set<string>()
  for (const { id, appId } of given) {
    checkConceptId(id, StatusCode.MODEL_INVALID_ARGUMENT)
    if (appId !== '')
      throw invalidModel(`The concept '${id}' names an app; a model's concepts are those of its own app.`)
    if (seen.has(id)) throw invalidModel(`The concept '${id}' is listed twice; name each one once.`)
    seen.add(id)
  }
}

/**
 * The concepts of an app as links of a version, in the order given. Those that the app lacks are added, which the
 * caller must be allowed to do.
 */
export async function linkConcepts(
  call: Call,
  tx: Writer,
  appPk: number,
  given: readonly Concept[],
): Promise<{ conceptPk: number; doc: string }[]> {
  const ids = given.map(({ id }) => id)
  const known = await rows.getMany(tx, appPk, ids)
  const absent = given.filter(({ id }) => !known.has(id))
  if (absent.length > 0) demandScope(call.target, Scope.Concepts_Add)
  for (const concept of absent) {
    known.set(concept.id, await insertOne(concepts, call, { pk: appPk }, concept, tx))
  }
  return given.map(({ id, value }) => ({
    conceptPk: known.get(id)!.pk,
    doc: encodeDoc(create(ConceptSchema, { value })),
  }))
}
