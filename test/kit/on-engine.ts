import type { TestedEngine } from '../store/kit.ts'
import { startTestServer, type TestServer, type TestServerOptions } from './server.ts'

/** Starts a test server on a fresh database of an engine, which goes with the server. */
export async function startOnEngine(engine: TestedEngine, options: TestServerOptions = {}): Promise<TestServer> {
  const { location, remove } = await engine.place()
  try {
    const settings = { ...options.settings, ...('url' in location && { databaseUrl: location.url }) }
    const server = await startTestServer({ ...options, settings })
    return {
      ...server,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
