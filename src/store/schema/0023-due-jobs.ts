import type { Session } from '../session.ts'
import type { TableMaker } from './table-maker.ts'

/** Finds the queued job of a kind whose time came first, however many are planned for later. */
export async function dueJobs(make: TableMaker, db: Session): Promise<void> {
  await db.schema.dropIndex('ix_jobs_queued').execute()
  await make.index('jobs', ['kind', 'run_after'], { name: 'ix_jobs_queued', where: "status = 'queued'" })
}
