import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Services } from '../../domain/services.ts'
import type { JobCount } from '../../jobs/jobs.ts'

const MICROS_PER_SECOND = 1e6
// From a webhook to a training.
const SECONDS_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1_800, 7_200]

/** Figures of the job queue: what waits and runs now, what has run, and how long it took. */
export function watchJobs(registry: Registry, { jobs, clock }: Pick<Services, 'jobs' | 'clock'>): void {
  const registers = [registry]
  // Gauges are collected at the same time; one look at the database serves them all.
  let looking: Promise<JobCount[]> | undefined
  const look = (): Promise<JobCount[]> => {
    looking ??= jobs.counts().finally(() => {
      looking = undefined
    })
    return looking
  }
  const gauge = (name: string, help: string, value: (count: JobCount) => number): void => {
    const labelNames = ['kind'] as const
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        for (const count of await look()) this.set({ kind: count.kind }, value(count))
      },
    })
  }
  gauge('limpid_jobs_running', 'Background jobs that run now, on all servers', ({ running }) => running)
  gauge('limpid_jobs_queued', 'Background jobs that wait', ({ queued }) => queued)
  gauge(
    'limpid_jobs_oldest_queued_seconds',
    'Time for which a background job waits that could run',
    ({ oldestQueued }) => {
      const now = clock.now()
      return Math.max(0, now - (oldestQueued ?? now)) / MICROS_PER_SECOND
    },
  )
  const ended = new Counter({
    name: 'limpid_job_runs_total',
    help: 'Runs of background jobs on this server by how they ended; released ones are in the queue again',
    labelNames: ['kind', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'limpid_job_run_seconds',
    help: 'Time of one run of a background job',
    labelNames: ['kind'],
    buckets: SECONDS_BUCKETS,
    registers,
  })
  jobs.observe((kind, status, took) => {
    ended.inc({ kind, status })
    seconds.observe({ kind }, took)
  })
}
