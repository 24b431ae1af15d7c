import { create } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import { SingleInputsAddJobResponseSchema } from '../../contract/index.ts'
import { encodeJson } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { addCallback, callbacksOfApp, dropCallback } from '../../store/repos/extraction-jobs.ts'
import { inputsAddJobs } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { webhookJob } from '../effects/webhook-job.ts'
import { itemStatus } from '../predict/answer.ts'
import type { Services } from '../services.ts'
import { presentAddJobs } from './add-jobs.ts'

/** Inputs add jobs that are looked at in one go. */
const PART = 200

/** Has a URL told when an inputs add job ends. */
export const callBackAtEnd = (tx: Writer, { pk, app_pk }: Row<'inputs_add_jobs'>, url: string): Promise<void> =>
  addCallback(tx, { add_job_pk: pk, app_pk, url })

/**
 * Tells those who wanted to hear of it that inputs add jobs of an app have ended, as a job that tries until it is heard.
 * To be called wherever one may have ended: it does nothing where nobody waits.
 */
export async function announceEnded(
  services: Pick<Services, 'jobs' | 'config'>,
  tx: Writer,
  appPk: number,
): Promise<void> {
  for (let after = 0; ; ) {
    const waiting = await callbacksOfApp(tx, appPk, after, PART)
    const last = waiting.at(-1)
    if (!last) return
    after = last.add_job_pk
    const rows = await inputsAddJobs.getManyByPk(
      tx,
      waiting.map((one) => one.add_job_pk),
    )
    const jobs = [...rows.values()]
    const messages = await presentAddJobs(tx, jobs)
    for (const [at, message] of messages.entries()) {
      if (message.status?.code === StatusCode.JOB_RUNNING) continue
      const { pk } = jobs[at]!
      // In the form in which GetInputsAddJob answers.
      const answer = create(SingleInputsAddJobResponseSchema, {
        status: itemStatus(StatusCode.SUCCESS),
        inputsAddJob: message,
      })
      const body = encodeJson(answer, services.config.jsonNames)
      const { url } = waiting.find((one) => one.add_job_pk === pk)!
      const event = { url, event: 'inputs-add-job', id: newId(), secretKey: '' }
      await services.jobs.enqueue(tx, webhookJob, { ...event, body }, { appPk })
      await dropCallback(tx, pk)
    }
  }
}
