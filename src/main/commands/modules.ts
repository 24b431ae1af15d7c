import type { Command } from 'commander'
import { AppError } from '../../base/errors.ts'
import { silentLog } from '../../base/log.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { openDatabase } from '../../store/database.ts'
import { apps, modules as moduleRows, moduleVersions, users } from '../../store/repos/families.ts'
import { setApproved } from '../../store/repos/modules.ts'
import { configFrom, withSettings } from './settings.ts'

interface Options {
  readonly withdraw?: boolean
}

/** `limpid modules approve`: lets a module version be published, straight in the database. */
export function addModules(program: Command): void {
  const modules = program.command('modules').description('decide which module versions may be published')
  const approve = modules
    .command('approve <user> <app> <module> <version>')
    .description('let the owner make this version of a module public')
    .option('--withdraw', 'take the approval back; what is public already stays public')
  withSettings(approve, ['dataDir', 'databaseUrl']).action(
    async (userId: string, appId: string, moduleId: string, versionId: string, options: Options) => {
      const config = configFrom({ ...options })
      await using db = await openDatabase(
        config.databaseUrl === undefined ? { dataDir: config.dataDir } : { url: config.databaseUrl },
        silentLog,
      )
      await db.transact(async (tx) => {
        const user = await users.get(tx, 0, userId)
        const app = user && (await apps.get(tx, user.pk, appId))
        const module = app && (await moduleRows.get(tx, app.pk, moduleId))
        const version = module && (await moduleVersions.get(tx, module.pk, versionId))
        if (!version) {
          const place = `${userId}/${appId}/modules/${moduleId}/versions/${versionId}`
          throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no ${place} in this database; check the ids.`)
        }
        await setApproved(tx, version.pk, !options.withdraw)
      })
      console.log(options.withdraw ? 'the approval is taken back' : 'approved')
    },
  )
}
