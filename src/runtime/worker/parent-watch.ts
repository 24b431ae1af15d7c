import { Worker } from 'node:worker_threads'
import { PARENT_CHECK_MS } from '../limits.ts'

/**
 * Kills this process when the server that started it is gone, even while JavaScript or a model keeps the main thread
 * busy and the closed pipe goes unnoticed. (Where processes keep the id of a dead parent, the pipe alone has to do.)
 */
export function watchParent(parentPid: number): void {
  const script = `
    setInterval(() => {
      if (process.ppid !== ${parentPid}) process.kill(process.pid, 'SIGKILL')
    }, ${PARENT_CHECK_MS})`
  new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8, stackSizeMb: 1 } }).unref()
}
