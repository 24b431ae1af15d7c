/*
 * Loaded before the main module of every measured process (`node --import`): answers the parent's questions about
 * it, so that what is measured needs no code for being measured. Plain JavaScript, because the compiler for
 * TypeScript alone would add 30 MB to what is measured.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/** How often the event loop is looked at, in milliseconds. */
const DELAY_RESOLUTION_MS = 1

if (isMainThread) watch()

// Threads load this too, and a watch in each of them would cost what it is to measure.
function watch() {
  const delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  delays.enable()

  process.on('message', (question) => {
    if (question !== 'probe') return
    const { user, system } = process.cpuUsage()
    // The histogram holds the time between two looks; a loop without delay has the resolution there.
    const late = (nanos) => Math.max(0, nanos / 1e6 - DELAY_RESOLUTION_MS)
    const probe = {
      cpuMicros: user + system,
      rssBytes: process.memoryUsage.rss(),
      stallP999Ms: late(delays.percentile(99.9)),
      stallMaxMs: late(delays.max),
    }
    delays.reset()
    process.send?.({ probe })
  })
  process.on('disconnect', () => process.exit())
  // The channel alone must not keep the process alive.
  process.channel?.unref()
}
