import type { JobContext, JobDefinition } from '../../src/jobs/define.ts'
import type { TestServer } from './server.ts'

/** How a job was torn. */
export interface Torn {
  /** Checkpoints that were tried. */
  checkpoints: number
  /** Of these, how many ended as if the server had been killed. */
  tears: number
}

/**
 * Lets runs of a kind of job end at checkpoints as if the server were killed there, while `work` goes on: two runs at
 * their first, two at their second and so on, of each two one before anything is written, and one after the commit, of
 * which it then does not learn. A run that has no such checkpoint any more comes to its end.
 */
export async function whileTorn<Args, State, Env>(
  server: TestServer,
  job: JobDefinition<Args, State, Env>,
  work: () => Promise<unknown>,
): Promise<Torn> {
  const torn: Torn = { checkpoints: 0, tears: 0 }
  const writable = job as { run: typeof job.run }
  const { run } = writable
  writable.run = (ctx) => {
    const tornAt = Math.floor(torn.tears / 2) + 1
    let reached = 0
    const checkpoint: JobContext<Args, State, Env>['checkpoint'] = async (write) => {
      torn.checkpoints++
      if (++reached < tornAt) return ctx.checkpoint(write)
      torn.tears++
      if (torn.tears % 2 === 0) await ctx.checkpoint(write)
      throw new Error('the server is killed here')
    }
    return run.call(
      job,
      new Proxy(ctx, { get: (of, name) => (name === 'checkpoint' ? checkpoint : Reflect.get(of, name)) }),
    )
  }
  try {
    await work()
    const { jobs, db } = server.services
    // Also what a conflict has put off comes to its end.
    for (let open: unknown = true; open; ) {
      await jobs.hurry()
      await jobs.idle()
      const ofKind = db.read.selectFrom('jobs').select('pk').where('kind', '=', job.kind)
      open = await ofKind.where('finished_at', 'is', null).executeTakeFirst()
    }
  } finally {
    writable.run = run
  }
  return torn
}
