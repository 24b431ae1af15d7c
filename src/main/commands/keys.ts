import type { Command } from 'commander'
import { systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { silentLog } from '../../base/log.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { checkGrant } from '../../domain/access/grants.ts'
import { ALL_SCOPES } from '../../domain/access/scopes.ts'
import { insertCredential } from '../../domain/credentials/make.ts'
import { openDatabase } from '../../store/database.ts'
import { apps, users } from '../../store/repos/families.ts'
import { configFrom, withSettings } from './settings.ts'

interface Options {
  readonly user: string
  readonly app?: string
  readonly scopes: string
  readonly description: string
  readonly email?: string
}

/** `limpid keys create`: a token or app key straight into the database of a server that is not running. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('make access tokens and keys')
  const create = keys
    .command('create')
    .description('print a new personal access token, or with --app a key for one app')
    .option('--app <id>', 'app that the key is bound to')
    .option('--scopes <names>', 'comma list of scopes', 'All')
    .option('--description <text>', 'what the key is for', 'made on the command line')
  withSettings(create, ['dataDir', 'databaseUrl', 'user']).action(async (options: Options) => {
    const config = configFrom({ ...options })
    await using db = await openDatabase(
      config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl },
      silentLog,
    )
    const { scopes } = checkGrant(
      { scopes: options.scopes.split(',').map((scope) => scope.trim()), endpoints: [] },
      ALL_SCOPES,
    )
    const { secret } = await db.transact(async (tx) => {
      const user = await users.get(tx, 0, config.firstUser.id)
      if (!user) throw missing(`user '${config.firstUser.id}'`)
      const app = options.app === undefined ? undefined : await apps.get(tx, user.pk, options.app)
      if (options.app !== undefined && !app) throw missing(`app '${options.app}'`)
      const kind = app ? 'app_key' : 'pat'
      return insertCredential(
        tx,
        { userPk: user.pk, appPk: app?.pk, kind, scopes, description: options.description },
        systemClock.now(),
      )
    })
    console.log(secret)
  })
}

function missing(what: string): AppError {
  return new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `There is no ${what} in this database; start the server once or name another.`,
  )
}
