/** Main module of the server that the fuzzing tests send to: the real one, but for models that only take media apart. */
import type { Log } from '../../src/base/log.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startServer } from '../../src/main/server.ts'
import { createRuntime } from '../../src/runtime/host/runtime.ts'
import type { WeightStore } from '../../src/weights/store.ts'

/** What the process says over its channel. */
export type FromFuzzServer =
  | { readonly type: 'ready'; readonly port: number }
  /** Something that was logged as a warning or an error: nothing that a file does may come to that. */
  | { readonly type: 'complaint'; readonly text: string }
  | { readonly type: 'memory'; readonly serverBytes: number; readonly workerBytes: number; readonly handles: number }

const [dataDir, pat] = process.argv.slice(2)
const say = (message: FromFuzzServer): void => void process.send!(message)
const nothing = (): void => {}
const complain = (fields: object, text = ''): void => {
  say({ type: 'complaint', text: `${text} ${JSON.stringify(fields, errorText)}` })
}
const log: Log = {
  ...{ trace: nothing, debug: nothing, info: nothing, warn: complain, error: complain },
  child: () => log,
}

const config = loadConfig(
  {},
  { dataDir, pat, port: '0', log: 'silent', modelPull: 'off', tune: 'off', fetchAllow: '127.0.0.1/32' },
)
const engineModule = new URL('engines.ts', import.meta.url).href
const runtime = createRuntime({ workers: 2, log, engineModule })
// The engines here need no weights.
const weights = { ensure: () => Promise.resolve({ files: {} }), filesOf: () => ({}) } as unknown as WeightStore
const server = await startServer(config, log, { runtime, weights })
await runtime.ready()

process.on('message', async (message: 'memory' | 'close') => {
  if (message === 'memory') {
    globalThis.gc?.()
    const workers = await runtime.stats()
    const workerBytes = Math.max(...workers.map(({ rssBytes }) => rssBytes))
    const handles = process.getActiveResourcesInfo().length
    say({ type: 'memory', serverBytes: process.memoryUsage.rss(), workerBytes, handles })
  } else {
    await server.close()
    await runtime.close()
    process.disconnect()
  }
})
say({ type: 'ready', port: server.port })

function errorText(_key: string, value: unknown): unknown {
  return value instanceof Error ? (value.stack ?? value.message) : value
}
