/** Main module of a worker process: started by the host pool only, with its settings as the one argument. */
import { Socket } from 'node:net'
import { StatusCode } from '../../contract/status-code.ts'
import type { Engine } from '../../engines/engine.ts'
import { createRegistry, engineNames } from '../../engines/registry.ts'
import { packFromWorker, unpackToWorker } from '../codec.ts'
import { FrameChannel } from '../frame-channel.ts'
import type { FromWorker } from '../protocol.ts'
import { EngineCache } from './engine-cache.ts'
import { WorkerServer } from './server.ts'
import { PIPE_FD, type WorkerSettings } from './settings.ts'
import { watchProcess } from './watch.ts'

const settings = JSON.parse(process.argv[2]!) as WorkerSettings
watchProcess(settings.parentPid, settings.rssBytesMax)
const extra: readonly Engine[] = settings.engineModule ? (await import(settings.engineModule)).engines : []
const server = new WorkerServer(new EngineCache(createRegistry(extra), settings.maxBytes), send)

const channel = new FrameChannel(
  new Socket({ fd: PIPE_FD, readable: true, writable: true }),
  (frame) => {
    const message = unpackToWorker(frame)
    if (message.type === 'stop') void stop()
    else void server.handle(message)
  },
  (error) => {
    if (error) console.error('the pipe to the server broke', error)
    // Without a server there is nobody to work for.
    process.exit(error ? 1 : 0)
  },
)

function send(message: FromWorker): void {
  try {
    channel.send(packFromWorker(message))
  } catch (error) {
    if (message.type !== 'result') throw error
    console.error('a result could not be sent', error)
    channel.send(packFromWorker(tooLarge(message.id)))
  }
}

function tooLarge(id: number): FromWorker {
  const details = 'The result is too large to be sent; ask for fewer inputs or fewer regions.'
  return { type: 'error', id, code: StatusCode.MODEL_PREDICTION_FAILED, details }
}

async function stop(): Promise<void> {
  await server.stop()
  await channel.flushed()
  process.exit(0)
}

send({ type: 'ready', engines: [...extra.map((engine) => engine.name), ...engineNames] })
