import { AwsClient } from 'aws4fetch'
import { XMLParser } from 'fast-xml-parser'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import type { SourceAddress, SourceCredentials } from './address.ts'
import type { Bucket } from './bucket.ts'
import { getContent, getText, pathOf, type Sign } from './http.ts'
import { LIST_PAGE_MAX } from './limits.ts'

interface ListAnswer {
  readonly Contents?: readonly { readonly Key: string; readonly Size: string }[]
  /** `url` where the service does as it was asked. */
  readonly EncodingType?: string
  readonly IsTruncated?: string
  readonly NextContinuationToken?: string
}

/** Objects in S3, or in what speaks like it. */
export function s3Bucket(
  fetcher: Fetcher,
  { bucketUrl, prefix, region }: Extract<SourceAddress, { provider: 's3' }>,
  credentials: SourceCredentials,
): Bucket {
  const sign = signer(region, credentials)
  const xml = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'Contents' })
  return {
    async list(token, signal) {
      const paging = { 'list-type': '2', prefix, 'max-keys': String(LIST_PAGE_MAX) }
      // Keys may have signs that XML cannot hold.
      const query = new URLSearchParams({ ...paging, 'encoding-type': 'url' })
      if (token !== undefined) query.set('continuation-token', token)
      const text = await getText(fetcher, `${bucketUrl}?${query}`, sign ?? unsigned, signal)
      const page: ListAnswer = xml.parse(text).ListBucketResult ?? {}
      const key = (text: string): string =>
        page.EncodingType === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text
      const objects = (page.Contents ?? []).map(({ Key, Size }) => ({ key: key(Key), size: Number(Size) }))
      const next = page.IsTruncated === 'true' ? page.NextContinuationToken : undefined
      if (page.IsTruncated === 'true' && !next) {
        throw new AppError(
          StatusCode.INPUT_FAILED,
          'The list says that it goes on, but the service does not say how it goes on; ask whoever runs it for ListObjectsV2.',
        )
      }
      return { objects, ...(next && { next }) }
    },
    read: (key, options) => getContent(fetcher, `${bucketUrl}/${pathOf(key)}`, sign, options),
  }
}

/** Headers of none. */
export const unsigned: Sign = () => Promise.resolve({})

function signer(region: string, credentials: SourceCredentials): Sign | undefined {
  if (credentials.kind !== 's3') return undefined
  const { id: accessKeyId, secret: secretAccessKey, token } = credentials
  const aws = new AwsClient({
    accessKeyId,
    secretAccessKey,
    region,
    service: 's3',
    ...(token && { sessionToken: token }),
  })
  return async (url) => {
    const signed = await aws.sign(url, { method: 'GET' })
    return Object.fromEntries([...signed.headers].filter(([name]) => name !== 'host'))
  }
}
