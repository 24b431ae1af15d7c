import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Services } from '../../domain/services.ts'
import type { Runtime } from '../../runtime/protocol.ts'
import type { CallObserver } from '../pipeline/dispatcher.ts'
import { CallFigures } from './call-figures.ts'
import { watchJobs } from './job-metrics.ts'

/** Counts what the server does, in the form that Prometheus reads. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #calls: CallFigures

  constructor(services: Pick<Services, 'runtime' | 'jobs' | 'clock'>) {
    collectDefaultMetrics({ register: this.#registry })
    this.#calls = new CallFigures(this.#registry)
    this.#watchWorkers(services.runtime)
    watchJobs(this.#registry, services)
  }

  /** To be told of every call by the dispatcher. */
  readonly observe: CallObserver = (call, code) => {
    const micros = call.services.clock.now() - call.startedAt
    this.#calls.add(call.method, call.incoming.transport, code, micros)
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
