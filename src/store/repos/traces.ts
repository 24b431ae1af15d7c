import { inParts } from '../parts.ts'
import type { StarredKind } from '../schema/tables.ts'
import type { Writer } from '../session.ts'

/** Deletes what belongs to rows of a kind without a foreign key: stars and old ids. */
export async function dropTraces(tx: Writer, kind: StarredKind, pks: readonly number[]): Promise<void> {
  for (const part of inParts(pks)) {
    await tx.deleteFrom('stars').where('kind', '=', kind).where('resource_pk', 'in', part).execute()
    await tx.deleteFrom('redirects').where('kind', '=', kind).where('resource_pk', 'in', part).execute()
  }
}
