import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import type { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { ANY, fails, fetcherFor, PIXEL, serve } from './test-server.ts'

test('a file is fetched with its type and final address', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/start?a=1') response.writeHead(302, { location: '/middle' }).end()
    else if (request.url === '/middle') response.writeHead(307, { location: 'end.gif#part' }).end()
    else response.writeHead(200, { 'content-type': 'Image/GIF; x=y' }).end(PIXEL)
  })
  const got = await fetcherFor(t).fetchBytes(`  ${url}/start?a=1#here\n`, { maxBytes: 100, accept: 'image' })
  assert.deepEqual([got.bytes, got.contentType, got.finalUrl], [PIXEL, 'image/gif', `${url}/end.gif`])
})

test('texts that are no fetchable URL are refused without any connection', async (t) => {
  const fetcher = fetcherFor(t, {
    lookup: () => assert.fail('looked up'),
  })
  for (const url of [
    ...['', 'nonsense', 'http://', 'http://[::1', '/relative', '//host/x', 'ftp://example.com/a', 'file:///etc/passwd'],
    ...['data:text/plain,hi', 'javascript:1', 'gopher://x', `http://example.com/${'a'.repeat(9_000)}`],
    ...['http://user:secret@example.com/', 'http://user@example.com/'],
  ]) {
    await assert.rejects(fetcher.fetchBytes(url, ANY), (error) => {
      fails(StatusCode.INPUT_INVALID_URL)(error)
      return !(error as AppError).details.includes('secret')
    })
  }
})

test('private addresses are refused in every spelling and the message names the setting, not the address', async (t) => {
  const { port } = await serve(t, (_, response) => response.end('secret'))
  const fetcher = fetcherFor(t, { allow: [] })
  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0',
    '169.254.169.254',
    '10.0.0.1',
  ]) {
    await assert.rejects(
      fetcher.fetchBytes(`http://${host}:${port}/`, ANY),
      fails(StatusCode.INPUT_INVALID_URL, /not on the public internet.*LIMPID_FETCH_ALLOW/),
    )
  }
})

test('a name is refused when any of its addresses is private, and look-up errors fail closed', async (t) => {
  const answers: Record<string, string[]> = {
    'mixed.example': ['93.184.215.14', '127.0.0.1'],
    'mapped.example': ['::ffff:10.0.0.1'],
    'empty.example': [],
  }
  const fetcher = fetcherFor(t, {
    allow: [],
    lookup: async (host) => {
      const found = answers[host]
      if (!found) throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
      return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    },
  })
  for (const host of ['mixed.example', 'mapped.example']) {
    await assert.rejects(
      fetcher.fetchBytes(`http://${host}/`, ANY),
      fails(StatusCode.INPUT_INVALID_URL, /LIMPID_FETCH_ALLOW/),
    )
  }
  for (const host of ['empty.example', 'unknown.example']) {
    await assert.rejects(
      fetcher.fetchBytes(`http://${host}/`, ANY),
      fails(StatusCode.INPUT_CONNECTION_FAILED, new RegExp(host)),
    )
  }
})

test('the checked address is the one connected to: a rebinding name is looked up once per connection', async (t) => {
  const hosts: (string | undefined)[] = []
  const { port } = await serve(t, (request, response) => {
    hosts.push(request.headers.host)
    response.setHeader('connection', 'close')
    response.end('ok')
  })
  let lookups = 0
  // The first answer is the allowed server, each later one an address that is never allowed.
  const fetcher = fetcherFor(t, {
    lookup: async () => [{ address: lookups++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }],
  })
  const got = await fetcher.fetchBytes(`http://rebind.example:${port}/`, ANY)
  assert.equal(got.bytes.toString(), 'ok')
  assert.equal(lookups, 1)
  assert.deepEqual(hosts, [`rebind.example:${port}`])
  await assert.rejects(fetcher.fetchBytes(`http://rebind.example:${port}/`, ANY), fails(StatusCode.INPUT_INVALID_URL))
  assert.equal(lookups, 2)
  assert.equal(hosts.length, 1)
})

test('redirects are checked again: to private hosts, other schemes and without end', async (t) => {
  let hits = 0
  const inner = await serve(t, (_, response) => {
    hits++
    response.end('secret')
  })
  const { url, port } = await serve(t, (request, response) => {
    const target: Record<string, string> = {
      '/private': `http://127.0.0.1:${inner.port}/`,
      '/named': `http://inside.example:${inner.port}/`,
      '/file': 'file:///etc/passwd',
      '/login': 'http://a:b@example.com/',
      '/none': '',
    }
    const location = target[request.url!] ?? '/loop'
    response.writeHead(301, location ? { location } : {}).end()
  })
  assert.ok(url)
  const fetcher = fetcherFor(t, {
    allow: [`outer.example:${port}`],
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
  })
  for (const path of ['private', 'named', 'file', 'login']) {
    await assert.rejects(
      fetcher.fetchBytes(`http://outer.example:${port}/${path}`, ANY),
      fails(StatusCode.INPUT_INVALID_URL),
    )
  }
  await assert.rejects(
    fetcher.fetchBytes(`http://outer.example:${port}/loop`, ANY),
    fails(StatusCode.INPUT_FAILED, /redirects more than 5 times/),
  )
  assert.equal(hits, 0)
})

test('HTTP errors are told as the original tells them', async (t) => {
  const { url } = await serve(t, (request, response) => response.writeHead(Number(request.url!.slice(1))).end('x'))
  const fetcher = fetcherFor(t)
  await assert.rejects(
    fetcher.fetchBytes(`${url}/404`, ANY),
    fails(StatusCode.INPUT_FAILED, new RegExp(`^404 Client Error: Not Found for url: ${url}/404$`)),
  )
  await assert.rejects(
    fetcher.fetchBytes(`${url}/503`, ANY),
    fails(StatusCode.INPUT_FAILED, /^503 Server Error: Service Un/),
  )
  await assert.rejects(fetcher.fetchBytes(`${url}/304`, ANY), fails(StatusCode.INPUT_FAILED, /^304 /))
})

test('a host that refuses connections is unreachable; a second address of it is tried', async (t) => {
  const { port } = await serve(t, (_, response) => response.end('ok'))
  const closed = createTcpServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const closedPort = (closed.address() as AddressInfo).port
  closed.close()
  await once(closed, 'close')
  const fetcher = fetcherFor(t, {
    allow: ['127.0.0.0/8'],
    lookup: async () => [
      { address: '127.0.0.9', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ],
  })
  await assert.rejects(
    fetcher.fetchBytes(`http://127.0.0.1:${closedPort}/`, ANY),
    fails(StatusCode.INPUT_CONNECTION_FAILED, /cannot be reached/),
  )
  assert.equal((await fetcher.fetchBytes(`http://two.example:${port}/`, ANY)).bytes.toString(), 'ok')
})

test('send posts under the same rules and hands back any status', async (t) => {
  const seen: string[] = []
  const { url } = await serve(t, async (request, response) => {
    const chunks = await Array.fromAsync(request)
    seen.push(`${request.method} ${request.url} ${request.headers['x-sign']} ${Buffer.concat(chunks)}`)
    response.writeHead(request.url === '/moved' ? 302 : 500, { location: '/elsewhere', 'x-a': 'b' }).end('sorry')
  })
  const fetcher = fetcherFor(t)
  const options = { method: 'POST', headers: { 'x-sign': 's' }, body: '{"a":1}', maxResponseBytes: 5 } as const
  const failed = await fetcher.send(`${url}/hook`, options)
  assert.deepEqual([failed.status, failed.body.toString(), failed.headers['x-a']], [500, 'sorry', 'b'])
  assert.equal((await fetcher.send(`${url}/moved`, options)).status, 302)
  assert.deepEqual(seen, ['POST /hook s {"a":1}', 'POST /moved s {"a":1}'])
  await assert.rejects(
    fetcher.send(`${url}/hook`, { ...options, maxResponseBytes: 4 }),
    fails(StatusCode.INPUT_OVER_LIMIT),
  )
  const strict = fetcherFor(t, { allow: [] })
  await assert.rejects(strict.send(`${url}/hook`, options), fails(StatusCode.INPUT_INVALID_URL))
})
