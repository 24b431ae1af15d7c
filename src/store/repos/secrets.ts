import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** Secrets after a row, in the order of their rows. */
export async function secretsAfter(db: Reader, after: number, limit: number): Promise<Row<'secrets'>[]> {
  return db.selectFrom('secrets').selectAll().where('pk', '>', after).orderBy('pk').limit(limit).execute()
}

/** Replaces the encrypted value of a secret unless somebody changed it meanwhile; to callers it stays the same. */
export async function replaceSealed(tx: Writer, pk: number, before: string, sealed: string): Promise<void> {
  await tx.updateTable('secrets').set({ sealed }).where('pk', '=', pk).where('sealed', '=', before).execute()
}
