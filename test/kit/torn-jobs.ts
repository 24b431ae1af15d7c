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
 * Lets runs of a kind of job end at checkpoints as if the server were killed there, while `work` goes on: each second one
 * before anything is written, the others after the commit, of which the run then does not learn. Every run gets one
 * checkpoint further than the one before that wrote nothing.
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
    let last = false
    const checkpoint: JobContext<Args, State, Env>['checkpoint'] = async (write) => {
      torn.checkpoints++
      if (last || torn.checkpoints % 2 === 0) {
        torn.tears++
        if (torn.tears % 2 === 0) await ctx.checkpoint(write)
        throw new Error('the server is killed here')
      }
      await ctx.checkpoint(write)
      last = true
    }
    return run.call(
      job,
      new Proxy(ctx, { get: (of, name) => (name === 'checkpoint' ? checkpoint : Reflect.get(of, name)) }),
    )
  }
  try {
    await work()
    const { jobs } = server.services
    for (let tears = -1; tears !== torn.tears; ) {
      tears = torn.tears
      await jobs.hurry()
      await jobs.idle()
    }
  } finally {
    writable.run = run
  }
  return torn
}
