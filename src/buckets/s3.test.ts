import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import { s3Bucket } from './s3.ts'

const bucketOf = (answer: string) => {
  const asked: URL[] = []
  const fetcher = {
    send: (url: string) => {
      asked.push(new URL(url))
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(answer) })
    },
  } as unknown as Fetcher
  const address = { provider: 's3', bucketUrl: 'http://bucket', prefix: 'a/', region: 'r' } as const
  return { asked, bucket: s3Bucket(fetcher, address as never, { kind: 'none' } as never) }
}
const { signal } = new AbortController()
const object = '<Contents><Key>a/b+c%26</Key><Size>3</Size></Contents>'
const answerOf = (rest: string): string =>
  `<ListBucketResult><EncodingType>url</EncodingType>${object}${rest}</ListBucketResult>`

test('a page names the next one, which is asked for by its token', async () => {
  const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>1ueG/+=&amp;</NextContinuationToken>'
  const { bucket, asked } = bucketOf(answerOf(more))
  assert.deepEqual(await bucket.list(undefined, signal), { objects: [{ key: 'a/b c&', size: 3 }], next: '1ueG/+=&' })
  await bucket.list('1ueG/+=&', signal)
  assert.deepEqual(
    asked.map((url) => url.searchParams.get('continuation-token')),
    [null, '1ueG/+=&'],
  )
  const last = bucketOf(answerOf('<IsTruncated>false</IsTruncated>'))
  assert.equal((await last.bucket.list(undefined, signal)).next, undefined)
})

test('a page that is not the last but does not say what comes next is refused, so that nothing is missed', async () => {
  const { bucket } = bucketOf(answerOf('<IsTruncated>true</IsTruncated>'))
  await assert.rejects(bucket.list(undefined, signal), /does not say how it goes on/)
})
