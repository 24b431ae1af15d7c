/*
 * The whole server with its real pipeline, but for one RPC whose handler does nothing: what is left is what every
 * call costs. Arguments: data folder, token. Prints its port.
 */
import { registry } from '../../src/api/registry.ts'
import { loadConfig } from '../../src/config/config.ts'
import { createLog } from '../../src/main/log.ts'
import { buildServices } from '../../src/main/services.ts'
import { createRpc } from '../../src/wire/grpc/rpc.ts'
import { createHttpHandler } from '../../src/wire/http/handler.ts'
import { Metrics } from '../../src/wire/ops/metrics.ts'
import { createDispatcher } from '../../src/wire/pipeline/dispatcher.ts'
import { listen } from '../../src/wire/port/listen.ts'

const [dataDir, pat] = process.argv.slice(2)
const config = loadConfig(process.env, { dataDir, pat, port: '0', workers: '1', log: 'warn' })
const log = await createLog(config.logLevel)
const { services } = await buildServices(config, log)
const metrics = new Metrics(services)
const dispatcher = createDispatcher({ ...registry, PostConcepts: () => ({}) }, services, metrics.observe)
const { port } = await listen({
  host: config.host,
  port: config.port,
  onHttp: createHttpHandler({ dispatcher, jsonNamesDefault: config.jsonNames, log }),
  rpc: createRpc({ dispatcher, log }),
  log,
})
await services.runtime.ready()
console.log(port)
