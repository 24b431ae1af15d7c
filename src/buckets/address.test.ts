import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAddress, type SourceAddress, type SourceCredentials, shownAddress } from './address.ts'

const NONE: SourceCredentials = { kind: 'none' }
const S3: SourceCredentials = { kind: 's3', region: 'eu-central-1', id: 'i', secret: 's', token: '' }
const AZURE: SourceCredentials = { kind: 'azure', account: 'acc', key: 'aaaa' }
const GCS = { kind: 'gcs' } as SourceCredentials

const cases: [string, SourceCredentials, SourceAddress][] = [
  [
    's3://my-bucket/images/abc',
    S3,
    {
      provider: 's3',
      bucketUrl: 'https://my-bucket.s3.eu-central-1.amazonaws.com',
      prefix: 'images/abc',
      region: 'eu-central-1',
    },
  ],
  [
    // As the contract's own example has it.
    's3:/bucket/images_folder/abc',
    NONE,
    {
      provider: 's3',
      bucketUrl: 'https://bucket.s3.us-east-1.amazonaws.com',
      prefix: 'images_folder/abc',
      region: 'us-east-1',
    },
  ],
  [
    's3://dotted.bucket',
    NONE,
    {
      provider: 's3',
      bucketUrl: 'https://s3.us-east-1.amazonaws.com/dotted.bucket',
      prefix: '',
      region: 'us-east-1',
    },
  ],
  [
    'https://my-bucket.s3.us-west-2.amazonaws.com/a%20b/c',
    S3,
    {
      provider: 's3',
      bucketUrl: 'https://my-bucket.s3.us-west-2.amazonaws.com',
      prefix: 'a b/c',
      region: 'us-west-2',
    },
  ],
  [
    'https://s3.amazonaws.com/bucket/x',
    NONE,
    { provider: 's3', bucketUrl: 'https://s3.amazonaws.com/bucket', prefix: 'x', region: 'us-east-1' },
  ],
  [
    'http://minio:9000/bucket/x/',
    S3,
    { provider: 's3', bucketUrl: 'http://minio:9000/bucket', prefix: 'x/', region: 'eu-central-1' },
  ],
  [
    'gs://bucket/x y',
    NONE,
    { provider: 'gcs', origin: 'https://storage.googleapis.com', bucket: 'bucket', prefix: 'x y' },
  ],
  [
    'https://storage.cloud.google.com/bucket/x',
    GCS,
    { provider: 'gcs', origin: 'https://storage.googleapis.com', bucket: 'bucket', prefix: 'x' },
  ],
  [
    'https://bucket.storage.googleapis.com/x',
    NONE,
    { provider: 'gcs', origin: 'https://storage.googleapis.com', bucket: 'bucket', prefix: 'x' },
  ],
  ['http://fake:4443/bucket/x', GCS, { provider: 'gcs', origin: 'http://fake:4443', bucket: 'bucket', prefix: 'x' }],
  [
    'https://acc.blob.core.windows.net/box/x?sv=1&sig=a%2Bb',
    NONE,
    {
      provider: 'azure',
      containerUrl: 'https://acc.blob.core.windows.net/box',
      prefix: 'x',
      signature: 'sv=1&sig=a%2Bb',
    },
  ],
  [
    'http://azurite:10000/acc/box/x/y',
    AZURE,
    { provider: 'azure', containerUrl: 'http://azurite:10000/acc/box', prefix: 'x/y', signature: '' },
  ],
  ['https://example.org/photos.zip?key=1', NONE, { provider: 'web', url: 'https://example.org/photos.zip?key=1' }],
  [
    // One with a signature of its own is that of a file.
    'https://bucket.s3.amazonaws.com/a.zip?X-Amz-Signature=1',
    NONE,
    { provider: 'web', url: 'https://bucket.s3.amazonaws.com/a.zip?X-Amz-Signature=1' },
  ],
]

for (const [text, credentials, expected] of cases) {
  test(`${text} with ${credentials.kind} credentials`, () => {
    assert.deepEqual(readAddress(` ${text} `, credentials), expected)
  })
}

test('what is no address is refused', () => {
  for (const text of [
    '',
    's3://',
    's3://a',
    'gs://x/../y'.slice(0, 6),
    'ftp://host/x',
    'https://user:pw@host/x',
    'bucket/x',
  ]) {
    assert.throws(() => readAddress(text, NONE), { code: 30106 }, text)
  }
  assert.throws(() => readAddress('https://s3.amazonaws.com/bucket/%zz', NONE), { code: 30106 })
})

test('addresses are shown without signatures', () => {
  assert.equal(shownAddress(' https://a/b?sig=1#x '), 'https://a/b')
})
