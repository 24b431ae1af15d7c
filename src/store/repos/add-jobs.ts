import type { Micros } from '../../base/clock.ts'
import type { Reader, Writer } from '../session.ts'

/** Counts items that never became an input. */
export async function countRefused(tx: Writer, pk: number, refused: number, now: Micros): Promise<void> {
  await tx
    .updateTable('inputs_add_jobs')
    .set((row) => ({ refused: row('refused', '+', refused), modified_at: now }))
    .where('pk', '=', pk)
    .execute()
}

/** How many inputs of each add job have which status. */
export async function countInputsOfJobs(
  db: Reader,
  jobPks: readonly number[],
): Promise<{ job: number; status: number; inputs: number }[]> {
  if (jobPks.length === 0) return []
  const rows = await db
    .selectFrom('inputs')
    .select(['add_job_pk', 'status_code'])
    .select(({ fn }) => fn.countAll<number>().as('inputs'))
    .where('add_job_pk', 'in', jobPks)
    .groupBy(['add_job_pk', 'status_code'])
    .execute()
  return rows.map(({ add_job_pk, status_code, inputs }) => ({ job: add_job_pk!, status: status_code, inputs }))
}

/** Gives all inputs of an add job that have one status another, and says how many there were. */
export async function moveInputsOfJob(
  tx: Writer,
  jobPk: number,
  from: number,
  to: { readonly code: number; readonly details: string },
  now: Micros,
): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('inputs')
    .set({ status_code: to.code, status_details: to.details, modified_at: now })
    .where('add_job_pk', '=', jobPk)
    .where('status_code', '=', from)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}
