import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { silentLog } from '../../base/log.ts'
import { Directory } from '../../domain/access/directory.ts'
import { Visible } from '../../domain/access/target.ts'
import { openDatabase } from '../../store/database.ts'
import { findUserByEmail } from '../../store/repos/users.ts'

const run = promisify(execFile)
const cli = join(import.meta.dirname, '..', 'cli.ts')

test('limpid users create makes a user and prints its token alone; what is taken or unusable is a sentence', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'limpid-test-'))
  const create = (...args: string[]) => run(process.execPath, [cli, 'users', 'create', ...args, '--data-dir', dir])
  try {
    const { stdout } = await create('bob', '--email', 'Bob@Example.org', '--public')
    assert.match(stdout, /^[0-9a-f]{32}\n$/)
    for (const args of [['bob'], ['bobby', '--email', 'bob@example.org'], ['not an id'], ['carl', '--email', 'x']]) {
      await assert.rejects(create(...args), (error: { code?: number; stderr?: string }) => {
        assert.equal(error.code, 1)
        assert.match(error.stderr ?? '', /^limpid: [^\n]+\n$/)
        return true
      })
    }
    await using db = await openDatabase({ dataDir: dir }, silentLog)
    const bob = await findUserByEmail(db.read, 'bob@example.org')
    assert.deepEqual([bob?.id, bob?.visibility], ['bob', Visible.PUBLIC])
    assert.equal((await new Directory(db).credential(stdout.trim()))?.principal.user?.id, 'bob')
    const users = await db.read.selectFrom('users').select('id').execute()
    assert.deepEqual(users, [{ id: 'bob' }])
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
