import type { Reader } from '../../store/database.ts'
import { inputs as rows } from '../../store/repos/families.ts'
import { GONE } from '../../store/repos/inputs.ts'
import type { Row } from '../../store/schema/tables.ts'
import { missingInput } from './problem.ts'

/** An input of an app; throws 11101 where there is none. */
export async function findInput(reader: Reader, appPk: number, id: string): Promise<Row<'inputs'>> {
  const row = await rows.get(reader, appPk, id)
  if (!row || row.status_code === GONE) throw missingInput(id)
  return row
}

/** Inputs of an app by id; ids without one are left out. */
export async function findInputs(
  reader: Reader,
  appPk: number,
  ids: readonly string[],
): Promise<Map<string, Row<'inputs'>>> {
  const found = await rows.getMany(reader, appPk, ids)
  for (const [id, { status_code }] of found) if (status_code === GONE) found.delete(id)
  return found
}
