import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import type { SourceAddress, SourceCredentials } from './address.ts'
import { azureBucket } from './azure.ts'
import type { Bucket } from './bucket.ts'
import { gcsBucket } from './gcs.ts'
import { getContent } from './http.ts'
import { s3Bucket } from './s3.ts'

/** The objects that an address means; everything is fetched under the rules for addresses that users give. */
export function openBucket(fetcher: Fetcher, address: SourceAddress, credentials: SourceCredentials): Bucket {
  switch (address.provider) {
    case 's3':
      return s3Bucket(fetcher, address, credentials)
    case 'gcs':
      return gcsBucket(fetcher, address, credentials)
    case 'azure':
      return azureBucket(fetcher, address, credentials)
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
