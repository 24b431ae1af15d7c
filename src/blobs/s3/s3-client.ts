import { openAsBlob } from 'node:fs'
import { AwsClient } from 'aws4fetch'
import { XMLParser } from 'fast-xml-parser'
import { Agent, setGlobalDispatcher } from 'undici'
import { S3_ATTEMPTS_MAX, S3_PART_BYTES, S3_RETRY_MS } from '../limits.ts'
import { refusalOf, unreachable } from './errors.ts'

/** Where a bucket is and how requests to it are signed. */
export interface S3Settings {
  readonly bucket: string
  /** Address of the bucket, without a slash at its end. */
  readonly url: string
  /** Begins every key; empty, or with a slash at its end. */
  readonly prefix: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** An object as lists and heads tell of it. */
export interface S3Object {
  /** Without the prefix. */
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

interface ListPage {
  readonly Contents?: readonly { readonly Key: string; readonly Size: string; readonly LastModified: string }[]
  readonly IsTruncated?: string
  readonly NextContinuationToken?: string
}

interface Sending {
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Blob | string
}

const NOT_FOUND = 404
const RANGE_NOT_SATISFIABLE = 416

// The HTTP client within Node 24 ends the process when a connection closes behind an answer that nobody reads yet
// (nodejs/undici#5360); fetch uses this newer one instead.
setGlobalDispatcher(new Agent())

/** The few calls to an S3-compatible service that blobs need. Throws AppError 40031 when the service does not do them. */
export class S3Client {
  readonly #settings: S3Settings
  readonly #signer: AwsClient
  readonly #xml = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'Contents' })

  constructor(settings: S3Settings) {
    this.#settings = settings
    const { accessKeyId, secretAccessKey, sessionToken, region } = settings
    const retrying = { retries: S3_ATTEMPTS_MAX - 1, initRetryMs: S3_RETRY_MS }
    this.#signer = new AwsClient({ accessKeyId, secretAccessKey, sessionToken, region, service: 's3', ...retrying })
  }

  /** Throws where the bucket is not there or not open to us. */
  async check(): Promise<void> {
    const answer = await this.#request('HEAD', '', {})
    if (!answer.ok) throw await refusalOf(answer)
  }

  /** Stores a file, whose SHA-256 the service checks; a large one goes in parts and appears when all are there. */
  async putFile(key: string, path: string, size: number, sha256: string): Promise<void> {
    const body = await openAsBlob(path)
    if (size > S3_PART_BYTES) await this.#putParts(key, body)
    else await this.#do('PUT', key, { body, headers: { 'x-amz-content-sha256': sha256 } })
  }

  /** An object and how old it is by the clock of the service, or undefined when there is none. */
  async head(key: string): Promise<(S3Object & { readonly ageMs: number }) | undefined> {
    const answer = await this.#send('HEAD', key)
    if (answer.status === NOT_FOUND) return undefined
    if (!answer.ok) throw await refusalOf(answer)
    const time = (name: string): number => Date.parse(answer.headers.get(name) ?? '')
    const modifiedAt = time('last-modified')
    return { key, size: Number(answer.headers.get('content-length')), modifiedAt, ageMs: time('date') - modifiedAt }
  }

  /** The content of an object, or of a range of it (both ends included); says why there is none. */
  async get(
    key: string,
    range?: { readonly start: number; readonly end?: number },
  ): Promise<Response | 'missing' | 'outside'> {
    const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end ?? ''}` } : {}
    const answer = await this.#send('GET', key, { headers })
    if (answer.ok) return answer
    if (answer.status !== NOT_FOUND && answer.status !== RANGE_NOT_SATISFIABLE) throw await refusalOf(answer)
    await answer.body?.cancel()
    return answer.status === NOT_FOUND ? 'missing' : 'outside'
  }

  /** Removes an object; does nothing when there is none. */
  async delete(key: string): Promise<void> {
    const answer = await this.#send('DELETE', key)
    if (!answer.ok && answer.status !== NOT_FOUND) throw await refusalOf(answer)
    await answer.body?.cancel()
  }

  /** All objects under the prefix, page by page. */
  async *list(pageSize = 1_000): AsyncGenerator<S3Object[]> {
    const { prefix } = this.#settings
    let token: string | undefined
    do {
      const query = {
        'list-type': '2',
        prefix,
        'max-keys': String(pageSize),
        ...(token && { 'continuation-token': token }),
      }
      const answer = await this.#request('GET', '', { query })
      if (!answer.ok) throw await refusalOf(answer)
      const page: ListPage = this.#xml.parse(await answer.text()).ListBucketResult ?? {}
      yield (page.Contents ?? []).map(({ Key, Size, LastModified }) => ({
        key: Key.slice(prefix.length),
        size: Number(Size),
        modifiedAt: Date.parse(LastModified),
      }))
      token = page.IsTruncated === 'true' ? page.NextContinuationToken : undefined
    } while (token)
  }

  async #putParts(key: string, body: Blob): Promise<void> {
    const started = await this.#do('POST', key, { query: { uploads: '' } })
    const uploadId: string = this.#xml.parse(started).InitiateMultipartUploadResult.UploadId
    try {
      const parts: string[] = []
      for (let start = 0, number = 1; start < body.size; start += S3_PART_BYTES, number++) {
        const part = body.slice(start, start + S3_PART_BYTES)
        const answer = await this.#send('PUT', key, { query: { partNumber: String(number), uploadId }, body: part })
        if (!answer.ok) throw await refusalOf(answer)
        await answer.body?.cancel()
        parts.push(`<Part><PartNumber>${number}</PartNumber><ETag>${answer.headers.get('etag')}</ETag></Part>`)
      }
      const list = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
      const done = await this.#do('POST', key, { query: { uploadId }, body: list })
      // This call may fail after it has begun to answer that all is well.
      if (done.includes('<Error>')) throw unreachable('a large content could not be put together')
    } catch (error) {
      await this.#send('DELETE', key, { query: { uploadId } }).catch(() => undefined)
      throw error
    }
  }

  /** A call that has to succeed; gives the text of its answer. */
  async #do(method: string, key: string, sending: Sending): Promise<string> {
    const answer = await this.#send(method, key, sending)
    if (!answer.ok) throw await refusalOf(answer)
    return answer.text()
  }

  #send(method: string, key: string, sending: Sending = {}): Promise<Response> {
    return this.#request(method, `/${encodeURI(this.#settings.prefix + key)}`, sending)
  }

  async #request(method: string, path: string, { query = {}, headers, body }: Sending): Promise<Response> {
    const search = new URLSearchParams(query).toString()
    const url = this.#settings.url + path + (search === '' ? '' : `?${search}`)
    try {
      return await this.#signer.fetch(url, { method, headers: { ...headers }, body })
    } catch (error) {
      throw unreachable('it cannot be reached', error)
    }
  }
}
