import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { StatusCode } from '../contract/status-code.ts'
import { AppError } from './errors.ts'
import { VAULT_KEY_BYTES, Vault } from './vault.ts'

/** File in the data folder with the keys of this installation, one a line, the newest first. */
export const VAULT_KEY_FILE = 'secret.key'

const KEY = new RegExp(`^[0-9a-fA-F]{${VAULT_KEY_BYTES * 2}}$`)

/** Keys as settings give them: hexadecimal, the newest first; undefined when one of them is none. */
export function parseVaultKeys(text: string): Buffer[] | undefined {
  const keys = text.split(/[\s,]+/).filter((part) => part !== '')
  return keys.length > 0 && keys.every((key) => KEY.test(key)) ? keys.map((key) => Buffer.from(key, 'hex')) : undefined
}

/** The vault of an installation: of the keys given, else of those in its data folder, where the first one is made. */
export async function openVault(dataDir: string, given?: readonly Buffer[]): Promise<Vault> {
  return new Vault(given ?? (await readKeys(dataDir)) ?? [await addKey(dataDir, [])])
}

/** Puts a new key before those in the data folder, and returns a vault that seals with it and still opens the others. */
export async function renewVaultKey(dataDir: string): Promise<Vault> {
  const known = (await readKeys(dataDir)) ?? []
  return new Vault([await addKey(dataDir, known), ...known])
}

/** Forgets all keys in the data folder but the newest, once nothing is sealed with the others any more. */
export async function dropOldVaultKeys(dataDir: string): Promise<void> {
  const [newest] = (await readKeys(dataDir)) ?? []
  if (newest) await writeKeys(dataDir, [newest])
}

async function addKey(dataDir: string, known: readonly Buffer[]): Promise<Buffer> {
  const key = randomBytes(VAULT_KEY_BYTES)
  await writeKeys(dataDir, [key, ...known])
  return key
}

async function readKeys(dataDir: string): Promise<Buffer[] | undefined> {
  const file = join(dataDir, VAULT_KEY_FILE)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const keys = parseVaultKeys(text)
  if (keys) return keys
  throw new AppError(
    StatusCode.INTERNAL_UNCATEGORIZED,
    `${file} holds no keys of ${VAULT_KEY_BYTES * 2} hexadecimal digits: bring it back from a backup, or remove it and give all secrets again`,
  )
}

/** Written beside and renamed, so that no crash leaves half a key or none. */
async function writeKeys(dataDir: string, keys: readonly Buffer[]): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, VAULT_KEY_FILE)
  const part = `${file}.part`
  const handle = await open(part, 'w', 0o600)
  try {
    await handle.writeFile(keys.map((key) => `${key.toString('hex')}\n`).join(''))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(part, file)
  const folder = await open(dataDir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
