import { readFile } from 'node:fs/promises'
import { registry } from '../api/registry.ts'
import { newId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/config.ts'
import { resumeImports } from '../domain/models/import-job.ts'
import type { Services } from '../domain/services.ts'
import { createRpc } from '../wire/grpc/rpc.ts'
import { joinRoutes } from '../wire/http/extra-routes.ts'
import { createHttpHandler } from '../wire/http/handler.ts'
import { exportRoutes } from '../wire/media/exports.ts'
import { mediaRoutes } from '../wire/media/routes.ts'
import { uploadRoutes } from '../wire/media/uploads.ts'
import { openAiRoutes } from '../wire/openai/routes.ts'
import { callLog } from '../wire/ops/call-log.ts'
import { jobsRoute } from '../wire/ops/jobs-route.ts'
import { Metrics } from '../wire/ops/metrics.ts'
import { operatorRoutes } from '../wire/ops/routes.ts'
import { createDispatcher } from '../wire/pipeline/dispatcher.ts'
import { listen } from '../wire/port/listen.ts'
import { sessionRoutes } from '../wire/session/routes.ts'
import { announce } from './control.ts'
import { type BuiltServices, buildServices } from './services.ts'

/** A server that answers on its port. */
export interface RunningServer {
  readonly url: string
  readonly port: number
  readonly services: BuiltServices['services']
  /** Token of the first user when it was made just now. */
  readonly newPat: string | undefined
  /** Refuses new work, finishes running work, closes everything; may be called more than once. */
  close(): Promise<void>
}

/** Starts the whole server; rejects with a sentence when a setting, the data folder or the port cannot be used. */
export async function startServer(config: Config, log: Log, overrides: Partial<Services> = {}): Promise<RunningServer> {
  const tls = config.tls && {
    cert: await pem(config.tls.certFile, 'LIMPID_TLS_CERT'),
    key: await pem(config.tls.keyFile, 'LIMPID_TLS_KEY'),
  }
  const built = await buildServices(config, log, overrides)
  try {
    const { services } = built
    await resumeImports(services)
    const metrics = new Metrics(services)
    const logCall = callLog(log)
    const dispatcher = createDispatcher(registry, services, (call, code) => {
      metrics.observe(call, code)
      logCall(call, code)
    })
    const controlToken = newId()
    const extraRoutes = joinRoutes(
      new Map([...operatorRoutes(metrics, readiness(services)), jobsRoute(services, controlToken)]),
      sessionRoutes(services),
      openAiRoutes(dispatcher, services),
      mediaRoutes(services),
      exportRoutes(services),
      uploadRoutes(services),
    )
    const port = await listen({
      host: config.host,
      port: config.port,
      tls,
      onHttp: createHttpHandler({
        dispatcher,
        jsonNamesDefault: config.jsonNames,
        log,
        extraRoutes,
        limits: { bodyBytes: config.requestBytesMax },
      }),
      rpc: createRpc({ dispatcher, log, limits: { messageBytes: config.requestBytesMax } }),
      log,
    })
    services.origin.listensOn(port.url)
    await services.jobs.start(services)
    const unannounce = await announce(config.dataDir, config.host, port.port, controlToken)
    let closing: Promise<void> | undefined
    const close = (): Promise<void> => {
      closing ??= unannounce()
        .then(() => port.close())
        .then(() => built.close())
      return closing
    }
    return { url: port.url, port: port.port, services, newPat: built.newPat, close }
  } catch (error) {
    await built.close()
    throw error
  }
}

function readiness(services: BuiltServices['services']): () => Promise<string | undefined> {
  return async () => {
    const workers = await services.runtime.stats()
    return workers.length > 0 ? undefined : 'no inference worker is ready yet'
  }
}

async function pem(file: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new ConfigError(
      `${setting}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); name a PEM file.`,
    )
  }
}
