import type { Reader, Writer } from '../session.ts'

/** A version whose document may hold secrets. */
export interface SecretVersion {
  readonly pk: number
  readonly doc: string
  readonly model_type_id: string
}

/** Versions after a row that have the key of a remote server or are of one of the types, in the order of their rows. */
export async function versionsWithSecrets(
  db: Reader,
  typeIds: readonly string[],
  after: number,
  limit: number,
): Promise<SecretVersion[]> {
  return db
    .selectFrom('model_versions as v')
    .innerJoin('models as m', 'm.pk', 'v.model_pk')
    .select(['v.pk', 'v.doc', 'm.model_type_id'])
    .where('v.pk', '>', after)
    .where((row) =>
      row.or([
        row('v.doc', 'like', '%"api_key"%'),
        ...(typeIds.length > 0 ? [row('m.model_type_id', 'in', typeIds)] : []),
      ]),
    )
    .orderBy('v.pk')
    .limit(limit)
    .execute()
}

/** Replaces the document of a version unless somebody changed it meanwhile; to callers the version stays the same. */
export async function replaceVersionDoc(tx: Writer, pk: number, before: string, doc: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('model_versions')
    .set({ doc })
    .where('pk', '=', pk)
    .where('doc', '=', before)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}
