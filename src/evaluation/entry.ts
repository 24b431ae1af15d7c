/** Main module of the process that measures predictions: answers one message after the other. */
import { isAppError } from '../base/errors.ts'
import { watchProcess } from '../runtime/worker/watch.ts'
import type { FromMeasure, ToMeasure } from './protocol.ts'
import { MeasureWork } from './work.ts'

const [parentPid, rssBytesMax] = process.argv.slice(2).map(Number)
watchProcess(parentPid!, rssBytesMax!)

const work = new MeasureWork()
process.on('message', (message: ToMeasure) => {
  let answer: FromMeasure
  try {
    answer = work.take(message)
  } catch (error) {
    if (isAppError(error)) answer = { type: 'problem', code: error.code, details: error.details }
    else answer = { type: 'failed', error: String(error instanceof Error ? error.stack : error) }
  }
  process.send!(answer)
})
