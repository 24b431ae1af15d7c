import type { Command } from 'commander'
import { silentLog } from '../../base/log.ts'
import type { Config } from '../../config/config.ts'
import { backup } from '../../maintenance/backup.ts'
import { restore } from '../../maintenance/restore.ts'
import { type Database, openDatabase } from '../../store/database.ts'
import { openBlobs } from '../blobs.ts'
import { configFrom, withSettings } from './settings.ts'

const open = (config: Config): Promise<Database> =>
  openDatabase(config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl }, silentLog)

/** `limpid migrate|backup|restore`: the data of a server that is not running. */
export function addDataCommands(program: Command): void {
  withSettings(program.command('migrate').description('bring the database to the newest schema'), [
    'dataDir',
    'databaseUrl',
  ]).action(async (options) => {
    await using _db = await open(configFrom(options))
    console.log('the database is up to date')
  })

  withSettings(program.command('backup <dir>').description('copy database and blobs into a new folder'), [
    'dataDir',
    'databaseUrl',
    'blobs',
    's3Endpoint',
  ]).action(async (dir: string, options) => {
    const config = configFrom(options)
    await using db = await open(config)
    await backup(db, await openBlobs(config), dir, new Date(), config.dataDir)
    console.log(`backed up to ${dir}`)
  })

  withSettings(program.command('restore <dir>').description('fill an empty data folder from a backup'), [
    'dataDir',
    'blobs',
    's3Endpoint',
  ]).action(async (dir: string, options) => {
    const config = configFrom(options)
    await restore(dir, config.dataDir, () => openBlobs(config))
    console.log(`restored to ${config.dataDir}`)
  })
}
