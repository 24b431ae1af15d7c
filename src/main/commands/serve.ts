import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import type { Command } from 'commander'
import { createLog } from '../log.ts'
import { startServer } from '../server.ts'
import { collectStartGarbage } from '../start-garbage.ts'
import { configFrom, withSettings } from './settings.ts'

/** V8's own default. */
const YOUNG_SPACE_GROWTH = 2

/** `limpid serve`: the server in the foreground until it is told to stop. */
export function addServe(program: Command): void {
  withSettings(program.command('serve').description('start the server and run until SIGINT or SIGTERM')).action(
    async (options) => {
      const config = configFrom(options)
      const log = await createLog(config.logLevel)
      const server = await startServer(config, log)
      const stopped = untilStopped()
      server.services.db.onFailure((failure) => {
        log.fatal({ err: failure }, 'the storage failed; stopping')
        process.exitCode = 1
        void server.close().finally(() => process.exit(1))
      })
      if (server.newPat !== undefined) console.log(`LIMPID_PAT=${server.newPat}`)
      collectStartGarbage()
      await server.services.runtime.ready()
      console.log(`limpid listening on ${server.url}`)
      // Loading is over; see bin/limpid.js.
      setFlagsFromString(`--semi-space-growth-factor=${YOUNG_SPACE_GROWTH}`)
      // For the next start, in case this process never comes to its orderly end.
      flushCompileCache()
      await stopped
      await server.close()
    },
  )
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
