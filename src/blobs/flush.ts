import { open } from 'node:fs/promises'

/** Flushes a folder's entries to disk, so that a created or renamed file keeps its name after a power cut. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
