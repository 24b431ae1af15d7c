import type { Micros } from '../../base/clock.ts'
import { StatTimeAggType } from '../../contract/index.ts'

const MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** When the span of time begins that a moment lies in, by UTC; weeks begin on Mondays. */
export function startOf(time: Micros, type: StatTimeAggType): Micros {
  const ms = Math.floor(time / MS)
  const date = new Date(ms)
  switch (type) {
    case StatTimeAggType.YEAR:
      return Date.UTC(date.getUTCFullYear(), 0) * MS
    case StatTimeAggType.MONTH:
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) * MS
    case StatTimeAggType.WEEK: {
      const sinceMonday = (date.getUTCDay() + 6) % 7
      return (floor(ms, DAY_MS) - sinceMonday * DAY_MS) * MS
    }
    case StatTimeAggType.DAY:
      return floor(ms, DAY_MS) * MS
    case StatTimeAggType.HOUR:
      return floor(ms, HOUR_MS) * MS
    default:
      return floor(ms, MINUTE_MS) * MS
  }
}

const floor = (ms: number, step: number): number => Math.floor(ms / step) * step
