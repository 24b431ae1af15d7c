import type { Reader, Writer } from '../session.ts'

/** A value of the program's own bookkeeping, or undefined. */
export async function readMeta(db: Reader, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst()
  return row?.value
}

/** Sets a value of the program's own bookkeeping. */
export async function writeMeta(tx: Writer, key: string, value: string): Promise<void> {
  await tx
    .insertInto('meta')
    .values({ key, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute()
}
