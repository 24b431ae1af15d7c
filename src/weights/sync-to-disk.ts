import { open } from 'node:fs/promises'

/** Makes sure that the contents of a file have reached the disk. */
export async function syncToDisk(path: string): Promise<void> {
  // Writable, because some platforms refuse to sync a file opened for reading.
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
