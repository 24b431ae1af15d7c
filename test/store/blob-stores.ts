import { chmod, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import { BLOBS_FOLDER, blobPath, openDiskBlobs } from '../../src/blobs/disk-blob-store.ts'
import { CACHE_FOLDER, openS3Blobs } from '../../src/blobs/s3/s3-blob-store.ts'
import { type S3Server, startS3 } from '../kit/s3-server.ts'
import { temporaryFolder } from './kit.ts'

/** One kind of blob store that the blob suites run on. */
export interface TestedStore {
  withBlobs(test: (blobs: BlobStore, dataDir: string) => Promise<void>): Promise<void>
  /** The file in which a stored content really lies, made writable, without any copy elsewhere. */
  file(dataDir: string, hash: string): Promise<string>
  /** Hashes of all that is stored. */
  stored(dataDir: string): Promise<string[]>
}

const disk: TestedStore = {
  withBlobs: (test) => withFolder((dataDir) => openDiskBlobs(dataDir).then((blobs) => using(blobs, dataDir, test))),
  async file(dataDir, hash) {
    const file = join(dataDir, BLOBS_FOLDER, blobPath(hash))
    await chmod(file, 0o600)
    return file
  },
  async stored(dataDir) {
    return filesUnder(join(dataDir, BLOBS_FOLDER))
  },
}

/** Blobs in a bucket of a server that the suite starts; each test has a prefix of its own. */
function bucket(server: () => S3Server): TestedStore {
  const prefixOf = (dataDir: string): string => `${dataDir.split('-').at(-1)}/`
  return {
    withBlobs: (test) =>
      withFolder(async (dataDir) => {
        const settings = { ...server().settings, prefix: prefixOf(dataDir) }
        await using(await openS3Blobs(settings, dataDir, 1_000_000), dataDir, test)
      }),
    async file(dataDir, hash) {
      // Its local copy would otherwise be read instead; an open store finds that it is gone.
      await rm(join(dataDir, CACHE_FOLDER, hash), { force: true })
      return server().fileOf(prefixOf(dataDir) + hash)
    },
    stored: (dataDir) => server().keys(prefixOf(dataDir)),
  }
}

/** Declares a suite for blobs on disk and for blobs in a bucket. */
export function onEachStore(name: string, suite: (store: TestedStore) => void): void {
  describe(`${name} on disk`, () => suite(disk))
  describe(`${name} in a bucket`, () => {
    let server: S3Server
    before(async () => {
      server = await startS3()
    })
    after(() => server.close())
    suite(bucket(() => server))
  })
}

async function withFolder(work: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await temporaryFolder()
  try {
    await work(dataDir)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

const using = (blobs: BlobStore, dataDir: string, test: (blobs: BlobStore, dataDir: string) => Promise<void>) =>
  test(blobs, dataDir).finally(() => blobs.close())

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}
