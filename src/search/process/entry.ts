/** Main module of the search process: started by the server only, with its settings as the one argument. */
import { Socket } from 'node:net'
import { silentLog } from '../../base/log.ts'
import { FrameChannel } from '../../runtime/frame-channel.ts'
import { PIPE_FD } from '../../runtime/worker/settings.ts'
import { watchProcess } from '../../runtime/worker/watch.ts'
import { openReader } from '../../store/reader.ts'
import type { FromSearch, SearchSettings, ToSearch } from '../protocol.ts'
import { SearchServer } from './server.ts'
import { Spaces } from './spaces.ts'

const settings = JSON.parse(process.argv[2]!) as SearchSettings
watchProcess(settings.parentPid)
const reader = await openReader(settings.location, silentLog)
const server = new SearchServer(reader.read, new Spaces(reader.read, settings.folder, settings.residentBytes), send)

const channel = new FrameChannel(
  new Socket({ fd: PIPE_FD, readable: true, writable: true }),
  ({ message }) => {
    const asked = message as ToSearch
    if (asked.type === 'stop') void stop()
    else void server.handle(asked)
  },
  (error) => {
    if (error) console.error('the pipe to the server broke', error)
    void stop()
  },
)

function send(message: FromSearch): void {
  channel.send({ message, attachments: [] })
}

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await server.close()
  await reader.close()
  await channel.flushed()
  process.exit(0)
}

send({ type: 'ready' })
