import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright-core'
import { PHOTO_BASE64 } from '../acceptance/kit/photo.ts'
import { type LimpidServer, PAT, startLimpid } from '../acceptance/kit/server.ts'

const executablePath = process.env.LIMPID_TEST_CHROMIUM

/** What the page offers to the tests. */
interface PageApi {
  json(
    origin: string,
    key: string,
    photo: string,
  ): Promise<{ http: number; code: number; outputs: number; best: string }>
  grpcWeb(origin: string, key: string, photo: string): Promise<{ code: number; outputs: number; best: string }>
}
declare const limpid: PageApi

// The page is served from an origin of its own, so that every call needs the server's leave (CORS).
async function servePage(): Promise<{ server: Server; origin: string }> {
  const bundle = await build({
    entryPoints: [join(import.meta.dirname, 'page.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'limpid',
    platform: 'browser',
    logLevel: 'error',
  })
  const script = bundle.outputFiles[0]!.text
  const server = createServer((req, res) => {
    if (req.url === '/page.js') return res.setHeader('content-type', 'text/javascript').end(script)
    res.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title><script src="/page.js"></script>')
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const address = server.address()
  assert(address && typeof address === 'object')
  return { server, origin: `http://127.0.0.1:${address.port}` }
}

const skip =
  executablePath === undefined ? 'needs Chromium: set LIMPID_TEST_CHROMIUM to its path (.ci/run does)' : false

describe('a page in a browser', { skip }, () => {
  let server: LimpidServer
  let site: Awaited<ReturnType<typeof servePage>>
  let browser: Browser
  let page: Page

  before(async () => {
    server = await startLimpid()
    site = await servePage()
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    page = await browser.newPage()
    await page.goto(site.origin)
  })

  after(async () => {
    await browser?.close()
    site?.server.close()
    await server?.[Symbol.asyncDispose]()
  })

  test('predicts over JSON from another origin', async () => {
    const answer = await page.evaluate(
      ([origin, key, bytes]) => limpid.json(origin!, key!, bytes!),
      [server.url, PAT, PHOTO_BASE64],
    )
    assert.deepEqual({ ...answer, best: '' }, { http: 200, code: 10000, outputs: 2, best: '' })
    assert.equal(answer.best, 'person')
  })

  test('predicts with the official gRPC-Web client from another origin', async () => {
    const answer = await page.evaluate(
      ([origin, key, bytes]) => limpid.grpcWeb(origin!, key!, bytes!),
      [server.url, PAT, PHOTO_BASE64],
    )
    assert.deepEqual(answer, { code: 10000, outputs: 2, best: 'person' })
  })
})
