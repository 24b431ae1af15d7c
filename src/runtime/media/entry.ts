/** Main module of a media process: started by the media pool only, with its settings as the one argument. */
import { Socket } from 'node:net'
import { FrameChannel } from '../frame-channel.ts'
import { PIPE_FD } from '../worker/settings.ts'
import { watchProcess } from '../worker/watch.ts'
import { type FromMedia, type MediaWorkerSettings, packMedia, type ToMedia, unpackMedia } from './messages.ts'
import { work } from './work.ts'

const settings = JSON.parse(process.argv[2]!) as MediaWorkerSettings
watchProcess(settings.parentPid, settings.rssBytesMax)

const channel = new FrameChannel(
  new Socket({ fd: PIPE_FD, readable: true, writable: true }),
  (frame) => void take(unpackMedia<ToMedia>(frame)),
  (error) => {
    if (error) console.error('the pipe to the server broke', error)
    // Without a server there is nobody to work for.
    process.exit(error ? 1 : 0)
  },
)

async function take(message: ToMedia): Promise<void> {
  if (message.type === 'stop') {
    await channel.flushed()
    process.exit(0)
  }
  send({ type: 'answer', answer: await work(message.job), rssBytes: process.memoryUsage.rss() })
}

function send(message: FromMedia): void {
  channel.send(packMedia(message))
}

send({ type: 'ready' })
