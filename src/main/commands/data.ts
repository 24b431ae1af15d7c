import type { Command } from 'commander'
import { silentLog } from '../../base/log.ts'
import { openDatabase } from '../../store/database.ts'
import { configFrom, withSettings } from './settings.ts'

/** `limpid migrate`: the database brought to the newest schema without starting a server. */
export function addDataCommands(program: Command): void {
  withSettings(program.command('migrate').description('bring the database to the newest schema'), [
    'dataDir',
    'databaseUrl',
  ]).action(async (options) => {
    const config = configFrom(options)
    await using _db = await openDatabase(
      config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl },
      silentLog,
    )
    console.log('the database is up to date')
  })
}
