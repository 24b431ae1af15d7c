import type { Command } from 'commander'
import { dropOldVaultKeys, openVault, renewVaultKey } from '../../base/vault-key.ts'
import { ConfigError } from '../../config/config.ts'
import { sealStored } from '../../domain/models/stored-secrets.ts'
import { openDatabase } from '../../store/database.ts'
import { createLog } from '../log.ts'
import { configFrom, withSettings } from './settings.ts'

/** `limpid secrets rotate`: a new key for the stored secrets of a server that is not running. */
export function addSecrets(program: Command): void {
  const secrets = program.command('secrets').description('the key that seals stored secrets')
  withSettings(secrets.command('rotate').description('make a new key and seal all stored secrets with it'), [
    'dataDir',
    'databaseUrl',
    'secretKey',
  ]).action(async (options) => {
    const config = configFrom(options)
    if (config.secretKeys) {
      throw new ConfigError(
        'LIMPID_SECRET_KEY holds the key; put the new one before it, with a comma between, and start the server once.',
      )
    }
    const log = await createLog('info')
    await using db = await openDatabase(
      config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl },
      log,
    )
    // First with the keys there are, so that no secret is left plain under the old key.
    await sealStored(db, await openVault(config.dataDir), log)
    await sealStored(db, await renewVaultKey(config.dataDir), log)
    await dropOldVaultKeys(config.dataDir)
    console.log('all stored secrets are sealed with a new key; older backups keep the key they were made with')
  })
}
