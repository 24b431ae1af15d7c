import { newId } from '../../base/ids.ts'
import { shownAddress } from '../../buckets/address.ts'
import type { InputsAddJob } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { parseUrl } from '../../fetch/url.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { addJobsByPk, findOrAddJob, setCallBackUrl } from '../inputs/add-jobs.ts'
import { callBackAtEnd } from '../inputs/callbacks.ts'
import { invalidInput } from '../inputs/problem.ts'
import { SOURCES_MAX } from './limits.ts'
import { checkTemplate, makePlan } from './plan.ts'
import { readSource, sealSource } from './source.ts'
import { startExtraction } from './start.ts'

/**
 * Has inputs made of what lies in buckets, all sources or none. Credentials are kept sealed until the job has ended.
 * Answers the inputs add jobs, each with its extraction jobs.
 */
export async function postDataSources(
  call: Call,
  { dataSources, callBackUrl }: RequestOf<'PostInputsDataSources'>,
): Promise<InputsAddJob[]> {
  const { services, target } = call
  const appPk = requireApp(target).pk
  if (dataSources.length === 0) throw invalidInput('The request has no data_sources; send at least one.')
  if (dataSources.length > SOURCES_MAX) {
    throw invalidInput(`The request has ${dataSources.length} data_sources; send at most ${SOURCES_MAX} at a time.`)
  }
  if (callBackUrl !== '') parseUrl(callBackUrl)
  const sources = dataSources.map(({ url }) => sealSource(services.vault, readSource(url)))
  for (const { inputTemplate } of dataSources) await checkTemplate(call, appPk, inputTemplate)
  const pks = await services.db.transact(async (tx) => {
    const jobs: number[] = []
    for (const [at, one] of dataSources.entries()) {
      const found = await findOrAddJob(tx, appPk, one.inputsAddJobId || newId(), services.clock.now())
      const addJob = callBackUrl === '' ? found : await setCallBackUrl(tx, found, callBackUrl, services.clock.now())
      if (callBackUrl !== '') await callBackAtEnd(tx, addJob, callBackUrl.trim())
      const source = { kind: 'bucket', sealed: sources[at]! } as const
      const url = shownAddress(one.url!.url)
      await startExtraction(services, tx, addJob, { url, source, plan: await makePlan(call, tx, one) })
      jobs.push(addJob.pk)
    }
    return jobs
  })
  return addJobsByPk(call, pks)
}
