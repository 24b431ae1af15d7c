import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the hub behaves towards one file. */
interface Offer {
  readonly bytes: Buffer
  /** Digest that the hub announces; none to keep silent, 'wrong' for one of something else. */
  readonly announce?: 'sha256' | 'wrong'
  /** Sends the file from another path after a redirect, as hubs do with large files. */
  readonly elsewhere?: boolean
  /** Ignores ranges, as simple servers do. */
  readonly wholeOnly?: boolean
}

/** The digest of bytes as hubs write it. */
export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** A hub on this machine: files by `repository/path`, with ranges, tags, redirects and broken lines. */
export class FakeHub {
  readonly #server: Server
  readonly #files = new Map<string, Offer>()
  #cutAfter: number[] = []
  #failures: number[] = []
  #arrived = 0
  #breaking: { readonly response: ServerResponse; readonly from: number } | undefined
  /** Ranges asked for so far, '' for whole files. */
  readonly asked: string[] = []

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  static async start(): Promise<FakeHub> {
    const hub = new FakeHub()
    hub.#server.listen(0, '127.0.0.1')
    await once(hub.#server, 'listening')
    return hub
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Offers a file of a repository. */
  offer(repository: string, path: string, bytes: Buffer, how: Omit<Offer, 'bytes'> = {}): void {
    this.#files.set(`${repository}/${path}`, { bytes, ...how })
  }

  /** Breaks the line after so many bytes, once for each number, when the test has seen some of them arrive. */
  cutAfter(...bytes: number[]): void {
    this.#cutAfter = bytes
  }

  /** Tells how many bytes of a file have arrived; a line breaks only after that, so that they are not lost with it. */
  arrived(bytes: number): void {
    this.#arrived = bytes
    if (this.#breaking && bytes > this.#breaking.from) {
      this.#breaking.response.destroy()
      this.#breaking = undefined
    }
  }

  /** Answers the next requests with these statuses, 0 being the file after all. */
  failWith(...statuses: number[]): void {
    this.#failures = statuses
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = decodeURIComponent(request.url ?? '')
    const [, repository, path] = /^\/(?:moved\/)?(.+?)\/resolve\/main\/(.+)$/.exec(url) ?? []
    const offer = this.#files.get(`${repository}/${path}`)
    if (!offer) return void response.writeHead(404).end()
    const { bytes } = offer
    const linked = offer.announce === 'wrong' ? sha256Of(Buffer.from('something else')) : sha256Of(bytes)
    const about = {
      'x-repo-commit': '0123456789abcdef0123456789abcdef01234567',
      ...(offer.announce && { 'x-linked-etag': `"${linked}"`, 'x-linked-size': String(bytes.length) }),
    }
    if (offer.elsewhere && !url.startsWith('/moved/')) {
      return void response.writeHead(302, { ...about, location: `/moved${request.url}` }).end()
    }
    const failure = this.#failures.shift()
    if (failure) return void response.writeHead(failure).end()
    const range = request.headers.range ?? ''
    this.asked.push(range)
    const etag = `"${sha256Of(bytes).slice(0, 16)}"`
    const start = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0)
    const fits = range !== '' && !offer.wholeOnly && request.headers['if-range'] === etag
    if (fits && start >= bytes.length) {
      return void response.writeHead(416, { etag, 'content-range': `bytes */${bytes.length}` }).end()
    }
    const part = fits ? bytes.subarray(start) : bytes
    response.writeHead(fits ? 206 : 200, {
      etag,
      'content-length': part.length,
      ...(fits && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
      ...(!offer.elsewhere && about),
    })
    const cut = this.#cutAfter.shift()
    if (cut === undefined || cut >= part.length) return void response.end(part)
    response.write(part.subarray(0, cut))
    this.#breaking = { response, from: fits ? start : 0 }
    this.arrived(this.#arrived)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
