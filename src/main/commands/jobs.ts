import Table from 'cli-table3'
import { type Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { silentLog } from '../../base/log.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Jobs } from '../../jobs/jobs.ts'
import {
  carryOut,
  JOB_STATUSES,
  JOBS_PATH,
  JOBS_SHOWN,
  type JobOrder,
  type JobStatus,
  type ShownJob,
} from '../../jobs/orders.ts'
import { openDatabase } from '../../store/database.ts'
import { readControl } from '../control.ts'
import { configFrom, withSettings } from './settings.ts'

type Options = Readonly<Record<string, unknown>>

/** `limpid jobs list|show|cancel|retry`: the background work of a server, running or not. */
export function addJobs(program: Command): void {
  const jobs = program.command('jobs').description('background work: what waits, runs and has ended')
  const add = (command: Command): Command => withSettings(command, ['dataDir', 'databaseUrl'])

  add(jobs.command('list', { isDefault: true }).description('show jobs, the newest first'))
    .option('--kind <name>', 'only jobs of this kind')
    .option('--status <name>', `only ${JOB_STATUSES.join(', ')}`, readStatus)
    .option('--limit <number>', 'how many', Number, JOBS_SHOWN)
    .option('--json', 'print JSON')
    .action(async (options: Options & { kind?: string; status?: JobStatus; limit: number; json?: boolean }) => {
      const { kind, status, limit } = options
      const found = await ask(options, { action: 'list', kind, status, limit })
      console.log(options.json ? JSON.stringify(found, null, 2) : tableOf(found))
    })

  const about = (action: 'show' | 'cancel' | 'retry', description: string): void => {
    add(jobs.command(`${action} <id>`).description(description)).action(async (id: string, options: Options) => {
      const [job] = await ask(options, { action, id })
      if (action === 'show') console.log(JSON.stringify(job, null, 2))
      else if (job?.cancelRequested) console.log(`${id} will be cancelled by the server that runs jobs`)
      else console.log(`${id} is ${job?.status}`)
    })
  }
  about('show', 'print a job with its arguments, state and error')
  about('cancel', 'cancel a job that has not ended')
  about('retry', 'put a failed or cancelled job back into the queue')
}

function readStatus(text: string): JobStatus {
  const status = JOB_STATUSES.find((name) => name === text)
  if (!status) throw new InvalidArgumentError(`Use one of ${JOB_STATUSES.join(', ')}.`)
  return status
}

/** Asks the running server of the data folder, else the database itself, which several programs may share on PostgreSQL. */
async function ask(options: Options, order: JobOrder): Promise<ShownJob[]> {
  const { dataDir, databaseUrl } = configFrom(options)
  if (databaseUrl === undefined) {
    const answer = await askServer(dataDir, order)
    if (answer) return answer
  }
  await using db = await openDatabase(databaseUrl === undefined ? { dataDir } : { url: databaseUrl }, silentLog)
  return await carryOut(new Jobs({ db, clock: systemClock, log: silentLog }), db.read, order)
}

async function askServer(dataDir: string, order: JobOrder): Promise<ShownJob[] | undefined> {
  const control = await readControl(dataDir)
  if (!control) return undefined
  const answer = await fetch(`${control.url}${JOBS_PATH}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${control.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(order),
  }).catch(() => undefined)
  // Whatever it was, it is not that server any more.
  if (!answer || answer.status === 401 || !answer.headers.get('content-type')?.includes('json')) return undefined
  const { jobs, status } = (await answer.json()) as { jobs?: ShownJob[]; status?: { code: number; details?: string } }
  if (jobs) return jobs
  throw new AppError(status?.code ?? StatusCode.INTERNAL_UNCATEGORIZED, status?.details ?? 'The server gave no answer.')
}

function tableOf(jobs: readonly ShownJob[]): string {
  const table = new Table({
    head: ['id', 'kind', 'app', 'status', 'progress', 'tries', 'created', 'error'],
    style: { head: [], border: [] },
  })
  for (const job of jobs) {
    const waits = job.waitsFor === undefined ? '' : ` (${job.waitsFor})`
    const progress = job.total === undefined ? `${job.done}` : `${job.done} of ${job.total}`
    const error = job.error?.details.slice(0, 60) ?? ''
    const status = `${job.cancelRequested ? 'to be cancelled' : job.status}${waits}`
    table.push([job.id, job.kind, job.app ?? '', status, progress, job.attempts, job.createdAt.slice(0, 19), error])
  }
  return table.toString()
}
