import { createHmac } from 'node:crypto'
import { XMLParser } from 'fast-xml-parser'
import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import type { SourceAddress, SourceCredentials } from './address.ts'
import type { Bucket } from './bucket.ts'
import { getContent, getText, pathOf, type Sign } from './http.ts'
import { LIST_PAGE_MAX } from './limits.ts'
import { unsigned } from './s3.ts'

const VERSION = '2021-08-06'

interface BlobItem {
  readonly Name: string | { readonly '#text': string; readonly Encoded?: string }
  readonly Properties?: { readonly 'Content-Length'?: string }
}
interface ListAnswer {
  readonly Blobs?: { readonly Blob?: readonly BlobItem[] } | ''
  readonly NextMarker?: string
}

/** Objects in a container of Azure Blob Storage, with its account key, a shared access signature, or open to all. */
export function azureBucket(
  fetcher: Fetcher,
  { containerUrl, prefix, signature }: Extract<SourceAddress, { provider: 'azure' }>,
  credentials: SourceCredentials,
): Bucket {
  const sign = credentials.kind === 'azure' && signature === '' ? sharedKey(credentials) : undefined
  const xml = new XMLParser({
    parseTagValue: false,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    isArray: (name) => name === 'Blob',
  })
  const signed = (url: string, query: string): string =>
    [url, [query, signature].filter((part) => part !== '').join('&')].filter((part) => part !== '').join('?')
  return {
    async list(token, signal) {
      const query = new URLSearchParams({
        restype: 'container',
        comp: 'list',
        prefix,
        maxresults: String(LIST_PAGE_MAX),
      })
      if (token !== undefined) query.set('marker', token)
      const text = await getText(fetcher, signed(containerUrl, query.toString()), sign ?? unsigned, signal)
      const page: ListAnswer = xml.parse(text).EnumerationResults ?? {}
      const { Blob: blobs = [] } = page.Blobs || {}
      const objects = blobs.map(({ Name, Properties }) => ({
        key: nameOf(Name),
        size: Number(Properties?.['Content-Length'] ?? 0),
      }))
      return { objects, ...(page.NextMarker && { next: page.NextMarker }) }
    },
    read: (key, options) => getContent(fetcher, signed(`${containerUrl}/${pathOf(key)}`, ''), sign, options),
  }
}

/** Names with signs that XML cannot hold come escaped. */
function nameOf(name: BlobItem['Name']): string {
  if (typeof name === 'string') return name
  return name.Encoded === 'true' ? decodeURIComponent(name['#text']) : name['#text']
}

/** Signs requests with the key of the account, as the service wants it for `SharedKey`. */
function sharedKey({ account, key }: Extract<SourceCredentials, { kind: 'azure' }>): Sign {
  return async (text) => {
    const url = new URL(text)
    const own = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': VERSION }
    // A GET has none of the eleven headers that stand between the verb and those of the service.
    const lines = ['GET', ...Array.from({ length: 11 }, () => '')]
    const headers = Object.entries(own).map(([name, value]) => `${name}:${value}`)
    const query = [...url.searchParams]
      .map(([name, value]): [string, string] => [name.toLowerCase(), value])
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}:${value}`)
    const resource = `/${account}${url.pathname}`
    const toSign = [...lines, ...headers, resource, ...query].join('\n')
    const mac = createHmac('sha256', Buffer.from(key, 'base64')).update(toSign, 'utf8').digest('base64')
    return { ...own, authorization: `SharedKey ${account}:${mac}` }
  }
}
