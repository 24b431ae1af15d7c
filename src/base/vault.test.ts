import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StatusCode } from '../contract/status-code.ts'
import { Vault } from './vault.ts'
import { dropOldVaultKeys, openVault, parseVaultKeys, renewVaultKey, VAULT_KEY_FILE } from './vault-key.ts'

const unreadable = { code: StatusCode.MODEL_DEPLOYMENT_FAILED, details: /Give the secret again/ }

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-vault-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('what is sealed shows nothing, and opens only where it belongs, unchanged and with its key', () => {
  const vault = new Vault([randomBytes(32)])
  const sealed = vault.seal('sk-ünsecret', 'a')
  assert.ok(!sealed.includes('secret') && sealed !== vault.seal('sk-ünsecret', 'a'))
  assert.equal(vault.open(sealed, 'a'), 'sk-ünsecret')
  assert.throws(() => vault.open(sealed, 'b'), unreadable)
  assert.throws(() => vault.open(`${sealed.slice(0, -2)}AA`, 'a'), unreadable)
  assert.throws(() => vault.open('sk-plain', 'a'), unreadable)
  assert.throws(() => new Vault([randomBytes(32)]).open(sealed, 'a'), unreadable)
  assert.throws(() => new Vault([randomBytes(31)]), RangeError)
})

test('resealing brings plain texts and older keys to the newest key, and leaves what is of another installation', () => {
  const [old, young] = [randomBytes(32), randomBytes(32)]
  const [before, after] = [new Vault([old]), new Vault([young, old])]
  const sealed = before.seal('x', 'a')
  const renewed = after.reseal(sealed, 'a')
  assert.equal(new Vault([young]).open(renewed, 'a'), 'x')
  assert.equal(after.reseal(renewed, 'a'), renewed)
  assert.equal(after.open(after.reseal('plain', 'a'), 'a'), 'plain')
  // What merely looks sealed is a text like any other.
  assert.equal(after.open(after.reseal(`sealed:v1:${after.keyId}:AAAA`, 'a'), 'a'), `sealed:v1:${after.keyId}:AAAA`)
  const foreign = new Vault([randomBytes(32)]).seal('x', 'a')
  assert.equal(after.reseal(foreign, 'a'), foreign)
})

test('the key lies in the data folder, for its owner only, and is renewed there', async (t) => {
  const dataDir = join(await temporary(t), 'new')
  const vault = await openVault(dataDir)
  const file = join(dataDir, VAULT_KEY_FILE)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const sealed = vault.seal('x', 'a')
  assert.equal((await openVault(dataDir)).open(sealed, 'a'), 'x')
  const renewed = await renewVaultKey(dataDir)
  assert.notEqual(renewed.keyId, vault.keyId)
  assert.equal((await openVault(dataDir)).open(sealed, 'a'), 'x')
  await dropOldVaultKeys(dataDir)
  const left = await openVault(dataDir)
  assert.equal(left.keyId, renewed.keyId)
  assert.throws(() => left.open(sealed, 'a'), unreadable)
  await writeFile(file, `${(await readFile(file, 'utf8')).slice(0, 20)}\n`)
  await assert.rejects(openVault(dataDir), { details: /holds no keys of 64 hexadecimal digits/ })
  assert.equal((await openVault(dataDir, parseVaultKeys(`${'ab'.repeat(32)},${'cd'.repeat(32)}`)!)).keyId.length, 16)
  assert.equal(parseVaultKeys('short'), undefined)
})
