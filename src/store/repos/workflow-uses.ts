import { type SqlBool, sql } from 'kysely'
import { PATTERNS_PER_STATEMENT_MAX } from '../limits.ts'
import type { Writer } from '../session.ts'

/** Marks the workflow versions whose nodes name one of these model versions (ids of 32 hex digits) as deprecated. */
export async function deprecateWorkflowsWith(tx: Writer, versionIds: readonly string[]): Promise<void> {
  for (let start = 0; start < versionIds.length; start += PATTERNS_PER_STATEMENT_MAX) {
    const part = versionIds.slice(start, start + PATTERNS_PER_STATEMENT_MAX)
    // Ids of versions are random, so one in quotes can stand in a document only as a reference to that version.
    const named = part.map((id) => sql<SqlBool>`doc like ${`%"${id}"%`}`)
    await tx
      .updateTable('workflow_versions')
      .set({ is_deprecated: 1 })
      .where('is_deprecated', '=', 0)
      .where((eb) => eb.or(named))
      .execute()
  }
}
