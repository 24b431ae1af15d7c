import { createReadStream } from 'node:fs'
import { copyFile, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobStore } from '../blobs/blob-store.ts'
import { openDiskBlobs } from '../blobs/disk-blob-store.ts'
import { flushFolder } from '../blobs/flush.ts'
import { DATABASE_FILE } from '../store/snapshot.ts'
import { backupPath, demandEmpty } from './backup.ts'
import { restoreKeys } from './keys-copy.ts'
import { DATABASE_COPY, hashFile, MANIFEST_FILE, type Manifest, readManifest, refused } from './manifest.ts'
import { forEachInParallel } from './parallel.ts'

/** How many blobs are copied at once, as each waits for the disk. */
const BLOBS_AT_ONCE = 16

/**
 * Brings a backup back into a new or empty data folder and returns its manifest.
 *
 * Every file is checked against the manifest while it is copied. The database gets its name last, so an interrupted
 * restore never looks like a usable data folder; after any error the folder must be emptied before another try.
 */
export async function restore(
  folder: string,
  dataDir: string,
  openBlobs: () => Promise<BlobStore> = () => openDiskBlobs(dataDir),
): Promise<Manifest> {
  const manifest = await readManifest(join(folder, MANIFEST_FILE))
  await demandEmpty(dataDir)
  await restoreBlobs(folder, await openBlobs(), manifest)
  await restoreKeys(folder, dataDir, manifest)
  const part = join(dataDir, `${DATABASE_FILE}.part`)
  await copyFile(join(folder, DATABASE_COPY), part).catch((cause: unknown) => {
    throw refused('The backup has no copy of the database: use another backup', cause)
  })
  const { sha256, size } = await hashFile(part)
  if (sha256 !== manifest.database.sha256 || size !== manifest.database.size) {
    await rm(part)
    throw refused('The copy of the database in the backup is damaged: use another backup')
  }
  await flushFile(part)
  await rename(part, join(dataDir, DATABASE_FILE))
  await flushFolder(dataDir)
  return manifest
}

async function restoreBlobs(folder: string, blobs: BlobStore, manifest: Manifest): Promise<void> {
  try {
    await forEachInParallel(manifest.blobs, BLOBS_AT_ONCE, async ({ sha256, size }) => {
      const file = join(folder, backupPath(sha256))
      const stored = await blobs.put(createReadStream(file)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT')
          throw refused(`The file ${file} of the backup is missing: use another backup`, cause)
        throw cause
      })
      if (stored.hash !== sha256 || stored.size !== size) {
        await blobs.delete(stored.hash)
        throw refused(`The file ${file} of the backup is damaged: use another backup`)
      }
    })
  } finally {
    await blobs.close()
  }
}

async function flushFile(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
