import { concepts as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { publicPlace } from '../models/find.ts'
import { findRow, missing } from '../resource/verbs.ts'
import { concepts } from './resource.ts'

/** A concept of the call's app, else the public one with this id; throws AppError 11101. */
export async function findConcept(call: Call, id: string): Promise<Row<'concepts'>> {
  const { read } = call.services.db
  const own = await rows.get(read, requireApp(call.target).pk, id)
  if (own) return own
  const open = await publicPlace(call)
  const found = open && (await rows.get(read, open.app.pk, id))
  if (!found) throw missing(concepts, id)
  return found
}

/** A concept that the call changes; those of others are not found here. Throws AppError 11101. */
export const findOwnConcept = (call: Call, id: string): Promise<Row<'concepts'>> =>
  findRow(concepts, call.services.db.read, requireApp(call.target), id)
