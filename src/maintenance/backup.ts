import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobStore } from '../blobs/blob-store.ts'
import { flushFolder } from '../blobs/flush.ts'
import type { Database } from '../store/database.ts'
import { openSnapshot } from '../store/snapshot.ts'
import { copyKeys } from './keys-copy.ts'
import { BLOBS_COPY, DATABASE_COPY, hashFile, MANIFEST_FILE, type Manifest, refused } from './manifest.ts'

/** How many blobs are listed at once. */
const BLOBS_PER_PAGE = 1_000

/**
 * Writes a consistent copy of database and blobs into a new or empty folder while the server goes on working.
 *
 * The manifest comes last: a folder without one is an unfinished backup. Blobs become second names of the stored
 * files where the folder is on the same disk. The keys of `dataDir`, which open the secrets in the database, go along. Refuses PostgreSQL with a sentence.
 */
export async function backup(
  db: Database,
  blobs: BlobStore,
  folder: string,
  now: Date,
  dataDir?: string,
): Promise<Manifest> {
  await demandEmpty(folder)
  // Rows of the copy must find their blobs, so none may go away between copying the one and the other.
  const letDeletesIn = await blobs.holdDeletes()
  try {
    const databaseFile = join(folder, DATABASE_COPY)
    await db.snapshot(databaseFile)
    const copied = await copyBlobs(databaseFile, blobs, folder)
    const secretKey = dataDir === undefined ? undefined : await copyKeys(dataDir, folder)
    const manifest: Manifest = {
      format: 1,
      createdAt: now.toISOString(),
      database: await hashFile(databaseFile),
      blobs: copied,
      ...(secretKey && { secretKey }),
    }
    await writeManifest(folder, manifest)
    return manifest
  } finally {
    letDeletesIn()
  }
}

/** Creates the folder, or throws when it has something in it. */
export async function demandEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await readdir(folder)).length > 0) throw refused(`The folder ${folder} is not empty: choose a new one`)
}

async function copyBlobs(databaseFile: string, blobs: BlobStore, folder: string): Promise<Manifest['blobs']> {
  const copied: Manifest['blobs'] = []
  const folders = new Set<string>([folder])
  using snapshot = openSnapshot(databaseFile)
  for (let after = ''; ; ) {
    const rows = await snapshot.read
      .selectFrom('blobs')
      .select(['hash', 'size'])
      .where('hash', '>', after)
      .where('ref_count', '>', 0)
      .orderBy('hash')
      .limit(BLOBS_PER_PAGE)
      .execute()
    for (const { hash, size } of rows) {
      const file = join(folder, backupPath(hash))
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await blobs.copyTo(hash, file)
      folders.add(dirname(file))
      copied.push({ sha256: hash, size })
    }
    const last = rows.at(-1)
    if (!last) break
    after = last.hash
  }
  for (const written of folders) await flushFolder(written)
  return copied
}

/** Where a blob lies in a backup folder. */
export function backupPath(hash: string): string {
  return join(BLOBS_COPY, hash.slice(0, 2), hash)
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const handle = await open(join(folder, MANIFEST_FILE), 'wx', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(manifest, null, 1)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await flushFolder(folder)
}
