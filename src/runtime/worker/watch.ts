import { Worker } from 'node:worker_threads'
import { MEMORY_CHECK_MS, PARENT_CHECK_MS } from '../limits.ts'

/**
 * Kills this process when the server that started it is gone, or when it has more resident memory than `rssBytesMax`,
 * even while JavaScript or a model keeps the main thread busy and a closed pipe goes unnoticed. (Where processes keep
 * the id of a dead parent, the pipe alone has to do.)
 */
export function watchProcess(parentPid: number, rssBytesMax?: number): void {
  const memory = rssBytesMax === undefined ? '' : `|| process.memoryUsage.rss() > ${rssBytesMax}`
  const script = `
    setInterval(() => {
      if (process.ppid !== ${parentPid} ${memory}) process.kill(process.pid, 'SIGKILL')
    }, ${rssBytesMax === undefined ? PARENT_CHECK_MS : MEMORY_CHECK_MS})`
  new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8, stackSizeMb: 1 } }).unref()
}
