import { modelVersions } from '../../store/repos/families.ts'
import type { Services } from '../services.ts'

/** Kinds of jobs that make versions what they are; `versionPk` is in the arguments of each. */
const KINDS = ['model-import', 'model-training']

/** Ends the jobs of versions that have been deleted; what cannot be looked up goes on to its own end. */
export async function pruneVersionJobs({ jobs, db, log }: Services): Promise<void> {
  try {
    await jobs.recheck()
    const lists = await Promise.all(
      KINDS.flatMap((kind) => [jobs.list({ kind, status: 'running' }), jobs.list({ kind, status: 'queued' })]),
    )
    const open = lists.flat()
    const versionPk = (job: { args: unknown }): number => (job.args as { versionPk: number }).versionPk
    const left = await modelVersions.getManyByPk(db.read, open.map(versionPk))
    for (const job of open) if (!left.has(versionPk(job))) await jobs.cancel(job.id)
  } catch (error) {
    log.warn({ err: error }, 'jobs of deleted versions could not be looked up')
  }
}
