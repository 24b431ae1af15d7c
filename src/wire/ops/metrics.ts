import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { StatusCode } from '../../contract/status-code.ts'
import type { Services } from '../../domain/services.ts'
import type { Runtime } from '../../runtime/protocol.ts'
import type { CallObserver } from '../pipeline/dispatcher.ts'
import { watchJobs } from './job-metrics.ts'

const MICROS_PER_SECOND = 1e6
// From a key check in memory to a video: calls span five orders of magnitude.
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

/** Counts what the server does, in the form that Prometheus reads. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #calls: Counter<'rpc' | 'code' | 'transport'>
  readonly #seconds: Histogram<'rpc'>

  constructor(services: Pick<Services, 'runtime' | 'jobs' | 'clock'>) {
    collectDefaultMetrics({ register: this.#registry })
    this.#calls = new Counter({
      name: 'limpid_calls_total',
      help: 'Finished calls by RPC, status code and transport',
      labelNames: ['rpc', 'code', 'transport'],
      registers: [this.#registry],
    })
    this.#seconds = new Histogram({
      name: 'limpid_call_seconds',
      help: 'Time from the decoded request to the finished answer',
      labelNames: ['rpc'],
      buckets: SECONDS_BUCKETS,
      registers: [this.#registry],
    })
    this.#watchWorkers(services.runtime)
    watchJobs(this.#registry, services)
  }

  /** To be told of every call by the dispatcher. */
  readonly observe: CallObserver = (call, code) => {
    this.#calls.inc({
      rpc: call.method.name,
      code: StatusCode[code] ?? String(code),
      transport: call.incoming.transport,
    })
    this.#seconds.observe({ rpc: call.method.name }, (call.services.clock.now() - call.startedAt) / MICROS_PER_SECOND)
  }

  /** All figures as Prometheus text. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  #watchWorkers(runtime: Runtime): void {
    const memory = new Gauge({
      name: 'limpid_worker_resident_bytes',
      help: 'Resident memory of each inference worker',
      labelNames: ['pid'],
      registers: [this.#registry],
      async collect() {
        memory.reset()
        for (const worker of await runtime.stats()) memory.set({ pid: String(worker.pid) }, worker.rssBytes)
      },
    })
  }
}
