import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { registry } from '../../src/api/registry.ts'
import { silentLog } from '../../src/base/log.ts'
import type { ModelVersion } from '../../src/contract/index.ts'
import { createHttpHandler } from '../../src/wire/http/handler.ts'
import { mediaRoutes } from '../../src/wire/media/routes.ts'
import { createDispatcher } from '../../src/wire/pipeline/dispatcher.ts'
import type { TestServer } from './server.ts'

/** A port of a test server, for what is fetched from it. */
export interface MediaDoor extends AsyncDisposable {
  /** Fetches a path, or a link whatever its origin. */
  get(link: string, init?: RequestInit): Promise<Response>
}

/** Opens a port of a test server: the contract as JSON, and what lies under the path of hosted media. */
export async function openMediaDoor({ services }: TestServer): Promise<MediaDoor> {
  const dispatcher = createDispatcher(registry, services, () => {})
  const extraRoutes = mediaRoutes(services)
  const http = createServer(createHttpHandler({ dispatcher, jsonNamesDefault: 'snake', log: silentLog, extraRoutes }))
  await once(http.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return {
    get(link, init) {
      const { pathname, search } = new URL(link, origin)
      return fetch(origin + pathname + search, init)
    },
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
}

/** The log of a training, as whoever has the link of a version reads it. */
export async function readTrainLog(server: TestServer, { trainLog }: ModelVersion): Promise<string> {
  await using door = await openMediaDoor(server)
  const answer = await door.get(trainLog)
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return text
}
