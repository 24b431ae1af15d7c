/** Main module of the process that checks one package: gets its order as the first message, answers with one. */
import { isAppError } from '../base/errors.ts'
import { watchProcess } from '../runtime/worker/watch.ts'
import { type CheckOrder, checkPackage } from './check.ts'
import type { FromCheck } from './check-process.ts'

const [parentPid, rssBytesMax] = process.argv.slice(2).map(Number)
watchProcess(parentPid!, rssBytesMax!)

const send = (message: FromCheck): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send!(message, undefined, undefined, (error: Error | null) => (error ? reject(error) : resolve()))
  })

process.once('message', async (order: CheckOrder) => {
  let answer: FromCheck
  try {
    answer = { type: 'checked', result: await checkPackage(order, (stage) => void send({ type: 'stage', stage })) }
  } catch (error) {
    if (isAppError(error)) answer = { type: 'problem', code: error.code, details: error.details }
    else answer = { type: 'failed', error: String(error instanceof Error ? error.stack : error) }
  }
  await send(answer)
  process.disconnect()
})
