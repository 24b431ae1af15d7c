import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { silentLog } from '../../base/log.ts'
import { openDatabase } from '../../store/database.ts'
import { modules, moduleVersions } from '../../store/repos/families.ts'

const run = promisify(execFile)
const cli = join(import.meta.dirname, '..', 'cli.ts')

test('limpid modules approve marks a version, takes the mark back and says what is not there', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'limpid-test-'))
  const approve = (...args: string[]) => run(process.execPath, [cli, 'modules', 'approve', ...args, '--data-dir', dir])
  const times = { created_at: 1, modified_at: 1 }
  const inDatabase = async <T>(work: (db: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>): Promise<T> => {
    await using db = await openDatabase({ dataDir: dir }, silentLog)
    return await work(db)
  }
  try {
    const pk = await inDatabase((db) =>
      db.transact(async (tx) => {
        const user = { id: 'ann', doc: '{}', visibility: 10, email: null, password_hash: null, ...times }
        const ann = await tx.insertInto('users').values(user).returning('pk').executeTakeFirstOrThrow()
        const app = { user_pk: ann.pk, id: 'a', name: '', description: '', visibility: 10, default_workflow_pk: null }
        const home = await tx
          .insertInto('apps')
          .values({ ...app, doc: '{}', ...times })
          .returning('pk')
          .executeTakeFirstOrThrow()
        const common = { doc: '{}', visibility: 10, ...times }
        const module = await modules.insert(tx, { ...common, app_pk: home.pk, id: 'm', description: '' })
        return (await moduleVersions.insert(tx, { ...common, module_pk: module.pk, id: 'v' })).pk
      }),
    )
    const approved = () => inDatabase(async (db) => (await moduleVersions.getByPk(db.read, pk))?.approved)
    await approve('ann', 'a', 'm', 'v')
    assert.equal(await approved(), 1)
    await approve('ann', 'a', 'm', 'v', '--withdraw')
    assert.equal(await approved(), 0)
    await assert.rejects(approve('ann', 'a', 'm', 'w'), (error: { code?: number; stderr?: string }) => {
      assert.equal(error.code, 1)
      assert.match(error.stderr ?? '', /^limpid: There is no ann\/a\/modules\/m\/versions\/w [^\n]+\n$/)
      return true
    })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
