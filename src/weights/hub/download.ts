/** Fetches one large file so that a broken download goes on where it stopped, also after a restart. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { WeightProblem } from '../problems.ts'
import {
  MAX_HUB_FILE_BYTES,
  MAX_REDIRECTS,
  MAX_RESUMES,
  PROGRESS_STEP_BYTES,
  RESUME_PAUSE_MS,
  STALL_MS,
} from './limits.ts'

/** What a file must be; what is not said is learnt from the hub. */
export interface Expected {
  readonly sha256?: string
  readonly bytes?: number
}

/** A file that came in full and was checked. */
export interface Fetched {
  readonly sha256: string
  readonly bytes: number
  /** The commit that the revision stood for, where the hub says so. */
  readonly commit?: string
}

/** Sends a request; the global `fetch` and those of undici fit. */
export type Fetch = (
  url: string,
  init: { headers: Record<string, string>; redirect: 'manual'; signal: AbortSignal },
) => Promise<Response>

/** One file to fetch. */
export interface DownloadRequest {
  readonly url: string
  /** Where the whole file ends up; beside it lie `.part` and `.part.json` until then. */
  readonly target: string
  readonly expected: Expected
  readonly fetch: Fetch
  readonly signal: AbortSignal
  onBytes(doneBytes: number, totalBytes: number | undefined): void
  /** Replaces the pause between attempts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What a half file belongs to, so that no two versions of a file are ever mixed. */
interface PartOf {
  readonly url: string
  readonly etag: string
}

/** What the hub says about the file. */
interface Announced {
  readonly response: Response
  readonly etag: string
  readonly sha256?: string
  readonly bytes?: number
  readonly commit?: string
}

const SHA256 = /^[0-9a-f]{64}$/
const OK = 200
const PARTIAL = 206
const RANGE_NOT_SATISFIABLE = 416
const BROKEN_OFF = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_BODY_TIMEOUT',
])

/** A fault that may be gone when the download is taken up again; what has come so far is kept. */
class Interruption extends Error {}

/**
 * Fetches a file to its target. Rejects with WeightProblem when it cannot be had or is not what it should be, with the
 * reason of `signal` on abort; what has come so far stays for the next time, unless it is wrong.
 */
export async function download(request: DownloadRequest): Promise<Fetched> {
  const { signal, pause = (ms, stop) => delay(ms, undefined, { signal: stop }) } = request
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptDownload(request)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Interruption)) throw error
      if (attempt >= MAX_RESUMES) throw new WeightProblem(`the hub ${error.message}; what has come so far is kept`)
      await pause(RESUME_PAUSE_MS * 2 ** attempt, signal).catch(() => signal.throwIfAborted())
    }
  }
}

async function attemptDownload(request: DownloadRequest): Promise<Fetched> {
  const { url, target, expected, signal } = request
  const part = `${target}.part`
  const known = await readPartOf(part, url)
  const have = known ? await sizeOf(part) : 0
  const stall = new AbortController()
  const announced = await ask(request, have > 0 ? { range: `bytes=${have}-`, 'if-range': known!.etag } : {}, stall)
  const { response } = announced
  const wanted: Expected = {
    sha256: expected.sha256 ?? announced.sha256,
    bytes: expected.bytes ?? announced.bytes ?? totalOf(response, have),
  }
  if (wanted.bytes !== undefined && wanted.bytes > MAX_HUB_FILE_BYTES) {
    throw new WeightProblem(`the file has ${wanted.bytes} bytes, more than the ${MAX_HUB_FILE_BYTES} that are fetched`)
  }
  const resumes = response.status === PARTIAL && startOf(response) === have
  const isWhole = response.status === RANGE_NOT_SATISFIABLE && have === wanted.bytes
  if (!resumes && !isWhole && response.status !== OK) {
    if (response.status === RANGE_NOT_SATISFIABLE || response.status === PARTIAL) {
      await discard(part)
      throw new Interruption('no longer has the file that was begun')
    }
    throw refused(response.status)
  }
  if (isWhole) await response.body?.cancel()
  else {
    if (!resumes) await discard(part)
    await writeFile(`${part}.json`, JSON.stringify({ url, etag: announced.etag } satisfies PartOf))
    await receive(request, response, part, resumes ? have : 0, wanted.bytes, stall)
  }
  signal.throwIfAborted()
  const fetched = await checked(part, wanted, signal)
  await rename(part, target)
  await rm(`${part}.json`, { force: true })
  return announced.commit === undefined ? fetched : { ...fetched, commit: announced.commit }
}

/** Asks for the file, following redirects while collecting what each host says about it. */
async function ask(
  { url, fetch, signal }: DownloadRequest,
  headers: Record<string, string>,
  stall: AbortController,
): Promise<Announced> {
  let [at, sha256, bytes, commit]: [string, string?, number?, string?] = [url]
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const timer = setTimeout(() => stall.abort(), STALL_MS)
    const all = { 'accept-encoding': 'identity', ...headers }
    const response = await fetch(at, {
      headers: all,
      redirect: 'manual',
      signal: AbortSignal.any([signal, stall.signal]),
    })
      .catch((error: unknown) => {
        throw broken(error)
      })
      .finally(() => clearTimeout(timer))
    const linked = (response.headers.get('x-linked-etag') ?? '').replaceAll('"', '')
    if (SHA256.test(linked)) sha256 = linked
    if (response.headers.has('x-linked-size')) bytes = Number(response.headers.get('x-linked-size'))
    commit ??= response.headers.get('x-repo-commit') ?? undefined
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) {
      return { response, etag: response.headers.get('etag') ?? '', sha256, bytes, commit }
    }
    await response.body?.cancel()
    at = new URL(location, at).href
  }
  throw new WeightProblem(`the hub sends the download through more than ${MAX_REDIRECTS} other addresses`)
}

/** Appends what comes to the half file; on a fault it stays as far as it got. */
async function receive(
  { onBytes, signal }: DownloadRequest,
  response: Response,
  part: string,
  have: number,
  total: number | undefined,
  stall: AbortController,
): Promise<void> {
  const file = await open(part, have > 0 ? 'a' : 'w')
  let done = have
  let reported = have
  let timer = setTimeout(() => stall.abort(), STALL_MS)
  try {
    onBytes(done, total)
    if (!response.body) throw new Interruption('answered without a file')
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted()
      clearTimeout(timer)
      timer = setTimeout(() => stall.abort(), STALL_MS)
      done += chunk.length
      if (done > (total ?? MAX_HUB_FILE_BYTES)) {
        throw new WeightProblem(
          `the hub sends more than the ${total ?? MAX_HUB_FILE_BYTES} bytes that the file should have`,
        )
      }
      await file.writeFile(chunk)
      if (done - reported >= PROGRESS_STEP_BYTES) {
        reported = done
        onBytes(done, total)
      }
    }
    await file.sync()
    onBytes(done, total)
  } catch (error) {
    if (error instanceof WeightProblem) await discard(part)
    throw error instanceof WeightProblem || error instanceof Interruption ? error : broken(error)
  } finally {
    clearTimeout(timer)
    await file.close()
  }
  if (total !== undefined && done < total) throw new Interruption(`broke off after ${done} of ${total} bytes`)
}

/** Size and digest of the whole file, which is thrown away when they are wrong. */
async function checked(part: string, wanted: Expected, signal: AbortSignal): Promise<Fetched> {
  const bytes = await sizeOf(part)
  const sha256 = await digestOf(part, signal)
  const problem =
    wanted.bytes !== undefined && bytes !== wanted.bytes
      ? `has ${bytes} bytes instead of ${wanted.bytes}`
      : wanted.sha256 !== undefined && sha256 !== wanted.sha256
        ? `has the checksum ${sha256} instead of ${wanted.sha256}`
        : undefined
  if (problem === undefined) return { sha256, bytes }
  await discard(part)
  throw new WeightProblem(`the file that came ${problem}`)
}

/** Hexadecimal SHA-256 of a file. */
export async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function readPartOf(part: string, url: string): Promise<PartOf | undefined> {
  try {
    const { url: from, etag } = JSON.parse(await readFile(`${part}.json`, 'utf8')) as Partial<PartOf>
    // A weak tag does not promise equal bytes, so such a part cannot be gone on with.
    const usable = from === url && typeof etag === 'string' && etag !== '' && !etag.startsWith('W/')
    return usable ? { url, etag } : undefined
  } catch {
    // None there, or cut off while it was written: the download begins anew.
    return undefined
  }
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0

async function discard(part: string): Promise<void> {
  await rm(part, { force: true })
  await rm(`${part}.json`, { force: true })
}

/** The whole size of a file out of the headers of an answer that holds its rest from `have` on, or all of it. */
function totalOf(response: Response, have: number): number | undefined {
  const ranged = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
  if (ranged !== undefined) return Number(ranged)
  const length = response.headers.get('content-length')
  return length === null ? undefined : Number(length) + (response.status === PARTIAL ? have : 0)
}

const startOf = (response: Response): number =>
  Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN)

function refused(status: number): Error {
  if (status === 404 || status === 410) return new WeightProblem('the hub does not have the file (any more)')
  if (status === 401 || status === 403) return new WeightProblem('the hub refuses to hand out the file')
  if (status === 429 || status >= 500) return new Interruption(`answered with HTTP ${status}`)
  return new WeightProblem(`the hub answered with HTTP ${status}`)
}

/** A fault of the network is worth another attempt, one of the disk is not. */
function broken(error: unknown): unknown {
  const cause = (error as { cause?: { code?: unknown } }).cause
  const code = String(cause?.code ?? (error as { code?: unknown }).code ?? '')
  const name = (error as Error).name
  if (name === 'AbortError' || name === 'TimeoutError') return new Interruption('sent nothing for too long')
  if (error instanceof TypeError || BROKEN_OFF.has(code))
    return new Interruption('cannot be reached, or the line broke')
  return error
}
