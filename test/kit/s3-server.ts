import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from '@20minutes/s3rver'
import type { S3Settings } from '../../src/blobs/s3/s3-client.ts'

const BUCKET = 'media'
/** How the server names the file of an object's content. */
const OBJECT_SUFFIX = '._S3rver_object'

/** An S3-compatible server of a test, which checks signatures. */
export interface S3Server {
  readonly url: string
  readonly settings: S3Settings
  /** The file in which the content of an object lies. */
  fileOf(key: string): string
  /** Keys under a prefix, without it. */
  keys(prefix: string): Promise<string[]>
  close(): Promise<void>
}

/** Starts one on a free port with one bucket. */
export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'limpid-s3-'))
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: BUCKET, configs: [] }],
  })
  const { port } = await server.run()
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    settings: {
      bucket: BUCKET,
      url: `${url}/${BUCKET}`,
      prefix: '',
      region: 'us-east-1',
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
    },
    fileOf: (key) => join(directory, BUCKET, key + OBJECT_SUFFIX),
    async keys(prefix) {
      const names = await readdir(join(directory, BUCKET, prefix)).catch(() => [])
      return names.filter((name) => name.endsWith(OBJECT_SUFFIX)).map((name) => name.slice(0, -OBJECT_SUFFIX.length))
    },
    async close() {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
