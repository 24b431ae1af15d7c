import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Services } from '../../domain/services.ts'

const MICROS_PER_SECOND = 1e6
// From a webhook to a training.
const SECONDS_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1_800, 7_200]

/** Figures of the job queue: what waits and runs now, what has run, and how long it took. */
export function watchJobs(registry: Registry, { jobs, clock }: Pick<Services, 'jobs' | 'clock'>): void {
  const registers = [registry]
  const running = new Gauge({
    name: 'limpid_jobs_running',
    help: 'Background jobs that run now, on all servers of the database',
    labelNames: ['kind'],
    registers,
  })
  const oldest = new Gauge({
    name: 'limpid_jobs_oldest_queued_seconds',
    help: 'Age of the oldest background job that waits',
    labelNames: ['kind'],
    registers,
  })
  const queued = new Gauge({
    name: 'limpid_jobs_queued',
    help: 'Background jobs that wait',
    labelNames: ['kind'],
    registers,
    async collect() {
      const now = clock.now()
      for (const count of await jobs.counts()) {
        const { kind } = count
        queued.set({ kind }, count.queued)
        running.set({ kind }, count.running)
        oldest.set({ kind }, Math.max(0, now - (count.oldestQueued ?? now)) / MICROS_PER_SECOND)
      }
    },
  })
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
