import { Counter, type Histogram, type Registry } from 'prom-client'
import type { MethodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Transport } from '../call.ts'

const MICROS_PER_SECOND = 1e6
// From a key check in memory to a video: calls span five orders of magnitude.
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]
const SECONDS = { name: 'limpid_call_seconds', help: 'Time from the decoded request to the finished answer' }

/** What is known of the finished calls of one RPC. */
interface Figures {
  readonly calls: Record<Transport, Map<StatusCode, number>>
  /** How many calls took at most as long as each bucket allows, and longer than the one before. */
  readonly within: number[]
  count: number
  seconds: number
}

/**
 * Counts finished calls in plain numbers, which become labelled values only when Prometheus asks: making label texts
 * of every call and looking them up would take as long as finding out who calls.
 */
export class CallFigures {
  readonly #rpcs = new Map<MethodInfo, Figures>()

  constructor(registry: Registry) {
    const fill = (counter: Counter<'rpc' | 'code' | 'transport'>): void => this.#fill(counter)
    new Counter({
      name: 'limpid_calls_total',
      help: 'Finished calls by RPC, status code and transport',
      labelNames: ['rpc', 'code', 'transport'],
      registers: [registry],
      collect() {
        fill(this)
      },
    })
    // The library has no way to fill a histogram with sums, but takes whatever tells the same as one.
    const seconds = { ...SECONDS, get: async () => ({ ...SECONDS, type: 'histogram', values: this.#seconds() }) }
    registry.registerMetric(seconds as unknown as Histogram)
  }

  /** Counts one call, which took so long. */
  add(method: MethodInfo, transport: Transport, code: StatusCode, micros: number): void {
    const figures = this.#of(method)
    const calls = figures.calls[transport]
    calls.set(code, (calls.get(code) ?? 0) + 1)
    const seconds = micros / MICROS_PER_SECOND
    figures.count++
    figures.seconds += seconds
    let bucket = 0
    while (bucket < SECONDS_BUCKETS.length && seconds > SECONDS_BUCKETS[bucket]!) bucket++
    if (bucket < SECONDS_BUCKETS.length) figures.within[bucket]!++
  }

  #of(method: MethodInfo): Figures {
    const known = this.#rpcs.get(method)
    if (known) return known
    const fresh: Figures = {
      calls: { http: new Map(), grpc: new Map(), 'grpc-web': new Map() },
      within: SECONDS_BUCKETS.map(() => 0),
      count: 0,
      seconds: 0,
    }
    this.#rpcs.set(method, fresh)
    return fresh
  }

  #fill(counter: Counter<'rpc' | 'code' | 'transport'>): void {
    counter.reset()
    for (const [{ name: rpc }, { calls }] of this.#rpcs) {
      for (const [transport, codes] of Object.entries(calls)) {
        for (const [code, count] of codes)
          counter.inc({ rpc, code: StatusCode[code] ?? String(code), transport }, count)
      }
    }
  }

  #seconds() {
    return [...this.#rpcs].flatMap(([{ name: rpc }, { within, count, seconds }]) => {
      let upTo = 0
      const buckets = SECONDS_BUCKETS.map((le, at) => {
        upTo += within[at]!
        return { metricName: `${SECONDS.name}_bucket`, labels: { le, rpc }, value: upTo }
      })
      return [
        ...buckets,
        { metricName: `${SECONDS.name}_bucket`, labels: { le: '+Inf', rpc }, value: count },
        { metricName: `${SECONDS.name}_sum`, labels: { rpc }, value: seconds },
        { metricName: `${SECONDS.name}_count`, labels: { rpc }, value: count },
      ]
    })
  }
}
