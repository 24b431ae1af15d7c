import type { Command } from 'commander'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { hashPassword } from '../../domain/access/passwords.ts'
import { Visible } from '../../domain/access/target.ts'
import { insertCredential } from '../../domain/credentials/make.ts'
import { insertUser } from '../../domain/users/make.ts'
import { openDatabase } from '../../store/database.ts'
import { configFrom, withSettings } from './settings.ts'

interface Options {
  readonly public?: boolean
}

/** `limpid users create`: a further user with a token, straight into the database of a server that is not running. */
export function addUsers(program: Command): void {
  const users = program.command('users').description('make further users')
  const create = users
    .command('create <id>')
    .description('make a user and print a personal access token for it')
    .option('--public', 'let everybody see the user and what it publishes')
  withSettings(create, ['dataDir', 'databaseUrl', 'email', 'password']).action(async (id: string, options: Options) => {
    const config = configFrom({ ...options })
    const { email, password } = config.firstUser
    await using db = await openDatabase(
      config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl },
      silentLog,
    )
    const passwordHash = password === undefined ? undefined : await hashPassword(password)
    const visibility = options.public ? Visible.PUBLIC : Visible.PRIVATE
    const { secret } = await db.transact(async (tx) => {
      const now = systemClock.now()
      const userPk = await insertUser(tx, { id, email, passwordHash, visibility }, now)
      return insertCredential(
        tx,
        { userPk, kind: 'pat', description: 'made on the command line', scopes: ['All'] },
        now,
      )
    })
    console.log(secret)
  })
}
