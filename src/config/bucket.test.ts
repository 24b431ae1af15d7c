import assert from 'node:assert/strict'
import { it } from 'node:test'
import { loadConfig } from './config.ts'

const KEYS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }
const bucketOf = (env: NodeJS.ProcessEnv) => loadConfig(env).bucket

it('reads a bucket with the usual AWS variables', () => {
  assert.equal(bucketOf({}), undefined)
  assert.deepEqual(bucketOf({ ...KEYS, LIMPID_BLOBS: 's3://media/limpid/' }), {
    bucket: 'media',
    url: 'https://media.s3.us-east-1.amazonaws.com',
    prefix: 'limpid/',
    region: 'us-east-1',
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    sessionToken: undefined,
  })
  const far = bucketOf({ ...KEYS, LIMPID_BLOBS: 's3://my.media', AWS_REGION: 'eu-central-1', AWS_SESSION_TOKEN: 't' })!
  assert.deepEqual([far.url, far.prefix], ['https://s3.eu-central-1.amazonaws.com/my.media', ''])
  assert.equal(far.sessionToken, 't')
  const own = bucketOf({ ...KEYS, LIMPID_BLOBS: 's3://media', LIMPID_S3_ENDPOINT: 'http://127.0.0.1:9000' })!
  assert.equal(own.url, 'http://127.0.0.1:9000/media')
})

it('says what is missing or wrong', () => {
  assert.throws(() => bucketOf({ LIMPID_BLOBS: 's3://media' }), /AWS_ACCESS_KEY_ID/)
  assert.throws(() => bucketOf({ ...KEYS, LIMPID_BLOBS: 's3://' }), /LIMPID_BLOBS/)
  assert.throws(() => bucketOf({ LIMPID_BLOBS: 'ftp://x' }), /LIMPID_BLOBS/)
  const withPath = { ...KEYS, LIMPID_BLOBS: 's3://media', LIMPID_S3_ENDPOINT: 'http://host/path' }
  assert.throws(() => bucketOf(withPath), /LIMPID_S3_ENDPOINT/)
})
