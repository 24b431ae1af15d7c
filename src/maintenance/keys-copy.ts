import { constants } from 'node:fs'
import { chmod, copyFile, open } from 'node:fs/promises'
import { join } from 'node:path'
import { VAULT_KEY_FILE } from '../base/vault-key.ts'
import { hashFile, type Manifest, refused } from './manifest.ts'

/**
 * Copies the keys of a data folder into a backup: without them its secrets could never be read again. Undefined where
 * there are none, as the operator keeps the key himself.
 */
export async function copyKeys(dataDir: string, folder: string): Promise<Manifest['secretKey']> {
  const file = join(folder, VAULT_KEY_FILE)
  try {
    await copyPrivately(join(dataDir, VAULT_KEY_FILE), file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return hashFile(file)
}

/** Brings the keys of a backup back, if it has any. */
export async function restoreKeys(folder: string, dataDir: string, { secretKey }: Manifest): Promise<void> {
  if (!secretKey) return
  const file = join(dataDir, VAULT_KEY_FILE)
  await copyPrivately(join(folder, VAULT_KEY_FILE), file).catch((cause: unknown) => {
    throw refused(`The backup lacks its ${VAULT_KEY_FILE}: use another backup`, cause)
  })
  const { sha256, size } = await hashFile(file)
  if (sha256 !== secretKey.sha256 || size !== secretKey.size) {
    throw refused(`The ${VAULT_KEY_FILE} of the backup is damaged: use another backup`)
  }
}

async function copyPrivately(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL)
  await chmod(to, 0o600)
  const handle = await open(to, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
