import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PHOTO } from './photo.ts'

/** A web server with media to fetch. */
export interface MediaHost extends AsyncDisposable {
  /** `http://127.0.0.1:port`, with `/photo.jpg`, `/page.html`, `/moved.jpg`, `/hang-up`; everything else is 404. */
  readonly url: string
  /** `host:port`, as LIMPID_FETCH_ALLOW takes it. */
  readonly authority: string
}

/** Starts a web server on a free port of this machine; it has `files` too, by their path. */
export async function startMediaHost(files: Readonly<Record<string, Uint8Array>> = {}): Promise<MediaHost> {
  const server = createServer((req, res) => {
    if (req.url === '/photo.jpg') res.writeHead(200, { 'content-type': 'image/jpeg' }).end(PHOTO)
    else if (req.url === '/page.html') res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>no picture</h1>')
    else if (req.url === '/moved.jpg') res.writeHead(302, { location: '/photo.jpg' }).end()
    else if (req.url === '/hang-up') req.socket.destroy()
    else if (files[req.url!]) res.end(files[req.url!])
    else res.writeHead(404).end('nothing here')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${authority}`,
    authority,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
