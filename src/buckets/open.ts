import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import type { SourceAddress, SourceCredentials } from './address.ts'
import type { Bucket } from './bucket.ts'
import { getContent } from './http.ts'

/**
 * The objects that an address means; everything is fetched under the rules for addresses that users give. Each service
 * is loaded when it is first asked for.
 */
export async function openBucket(
  fetcher: Fetcher,
  address: SourceAddress,
  credentials: SourceCredentials,
): Promise<Bucket> {
  switch (address.provider) {
    case 's3':
      return (await import('./s3.ts')).s3Bucket(fetcher, address, credentials)
    case 'gcs':
      return (await import('./gcs.ts')).gcsBucket(fetcher, address, credentials)
    case 'azure':
      return (await import('./azure.ts')).azureBucket(fetcher, address, credentials)
    case 'web':
      return webFile(fetcher, address.url)
  }
}

/** One file at a plain address, as a bucket with one object. */
function webFile(fetcher: Fetcher, url: string): Bucket {
  const last = new URL(url).pathname.split('/').at(-1) || 'file'
  return {
    list: () => Promise.resolve({ objects: [{ key: safeDecode(last), size: undefined }] }),
    read: (_key, options) => getContent(fetcher, url, undefined, options),
  }
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
