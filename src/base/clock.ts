/** Time in microseconds since 1970, the unit of every stored time: what the contract's timestamps can carry to clients. */
export type Micros = number

/** Where the time comes from; tests put in their own. */
export interface Clock {
  now(): Micros
}

let last = 0

/** The machine's clock, never giving the same microsecond twice, so that creation order can be sorted by time. */
export const systemClock: Clock = {
  now() {
    const micros = Math.round((performance.timeOrigin + performance.now()) * 1000)
    last = micros > last ? micros : last + 1
    return last
  },
}
