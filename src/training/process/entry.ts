/** Main module of the training process: started by the server only, with its settings as the one argument. */
import { Socket } from 'node:net'
import { constants, setPriority } from 'node:os'
import { FrameChannel } from '../../runtime/frame-channel.ts'
import { PIPE_FD } from '../../runtime/worker/settings.ts'
import { watchProcess } from '../../runtime/worker/watch.ts'
import type { FromTrainer, ToTrainer, TrainerSettings } from '../protocol.ts'
import { TrainingDesk } from './desk.ts'

const settings = JSON.parse(process.argv[2]!) as TrainerSettings
watchProcess(settings.parentPid)
// The server answers first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

const desk = new TrainingDesk(settings.threads, send)
const channel = new FrameChannel(
  new Socket({ fd: PIPE_FD, readable: true, writable: true }),
  ({ message, attachments }) => {
    const asked = message as ToTrainer
    if (asked.type === 'stop') void stop()
    else desk.take(asked, attachments)
  },
  (error) => {
    if (error) console.error('the pipe to the server broke', error)
    void stop()
  },
)

function send(message: FromTrainer): void {
  channel.send({ message, attachments: [] })
}

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await channel.flushed()
  process.exit(0)
}

send({ type: 'ready' })
