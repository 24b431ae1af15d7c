/** Main module of the process that writes one exported model: gets its order as the first message, answers with one. */
import { isAppError } from '../../base/errors.ts'
import { watchProcess } from '../../runtime/worker/watch.ts'
import type { ExportOrder } from './order.ts'
import type { FromExport } from './process.ts'
import { writeExport } from './write.ts'

const [parentPid, rssBytesMax] = process.argv.slice(2).map(Number)
watchProcess(parentPid!, rssBytesMax!)

process.once('message', async (order: ExportOrder) => {
  let answer: FromExport
  try {
    answer = { type: 'written', result: await writeExport(order) }
  } catch (error) {
    answer = { type: 'failed', error: isAppError(error) ? error.details : String((error as Error).message) }
  }
  process.send!(answer, undefined, undefined, () => process.disconnect())
})
