import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { succeeded, type TestApp } from './apps.ts'
import type { TestServer } from './server.ts'

/** An app whose inputs go through no models. */
export async function makePlainApp(server: TestServer, id: string): Promise<TestApp> {
  const owner = server.admin
  const defaultWorkflow = { id: 'Empty', appId: 'main', userId: 'clarifai' }
  succeeded(await server.call('PostApps', { userAppId: { userId: owner.id }, apps: [{ id, defaultWorkflow }] }))
  const row = await server.services.directory.app(owner.pk, id)
  return { userAppId: { userId: owner.id, appId: id }, pk: row!.pk, owner }
}

/** Files served to the program under test; every other path is missing. */
export class FileHost implements AsyncDisposable {
  readonly files = new Map<string, Uint8Array>()
  readonly asked: string[] = []
  readonly #server: Server
  readonly url: string

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', ({ url = '' }, response) => {
      this.asked.push(url)
      const file = this.files.get(url.split('?')[0]!)
      if (!file) response.writeHead(404)
      response.end(file)
    })
  }

  static async start(): Promise<FileHost> {
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    return new FileHost(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => void this.#server.close(resolve))
  }
}
