import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Collector, CollectorSchema, InputSchema, PostInputsRequestSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { MAX_VIDEO_URL_BYTES } from '../../media/limits.ts'
import { dropCollected, nextCollected } from '../../store/repos/collectors.ts'
import { collectors as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { postInputs } from '../inputs/post.ts'
import { callInApp } from '../inputs/process/call.ts'
import { defineJob } from '../jobs/define.ts'
import { inputPasses } from './filter.ts'
import { type CollectedItem, readItem } from './item.ts'
import { COLLECTED_PER_PART } from './limits.ts'
import { annotateCollected } from './outputs.ts'
import { posterOf } from './poster.ts'

/**
 * Looks at the inputs that the collectors of an app have taken and posts those that pass. An input has the id that
 * follows from its content, so one whose posting a killed server did not get to write down is not posted twice.
 */
export const collectInputsJob = defineJob<Record<string, never>, { readonly lastPk: number }>({
  kind: 'collect-inputs',
  async run(ctx) {
    const { appPk, services, signal, log } = ctx
    const call = await callInApp(services, appPk!, { requestId: ctx.id, signal, log })
    if (!call) return
    let { done } = ctx
    for (let lastPk = 0; ; ) {
      const found = await nextCollected(services.db.read, appPk!, lastPk, COLLECTED_PER_PART)
      if (found.length === 0) return
      for (const row of found) {
        signal.throwIfAborted()
        const item = readItem(row.doc)
        await lookAt(call, row, item)
        lastPk = row.pk
        done++
        await ctx.checkpoint(async (tx) => {
          const mediaIds = item.files.map(({ mediumId }) => mediumId)
          await dropCollected(tx, [row], mediaIds, services.clock.now())
          return { done }
        })
      }
    }
  },
  async settled(tx, { appPk, status }, { jobs }) {
    // Some may have come after the job had looked for the last time.
    if (status !== 'succeeded' || (await nextCollected(tx, appPk!, 0, 1)).length === 0) return
    await jobs.enqueue(tx, collectInputsJob, {}, { appPk: appPk!, dedupeKey: `collect:${appPk}` })
  },
})

async function lookAt(call: Call, row: Row<'collected_inputs'>, item: CollectedItem): Promise<void> {
  const collector = await rows.getByPk(call.services.db.read, row.collector_pk)
  if (!collector || collector.status_code === StatusCode.COLLECTOR_POST_INPUT_FAILED) return
  const message = decodeDoc(CollectorSchema, collector.doc)
  try {
    await postOne(call, { ...message, id: collector.id }, row, item)
  } catch (error) {
    call.signal.throwIfAborted()
    if (!(error instanceof AppError)) throw error
    call.log.info({ collector: collector.id, reason: error.details }, 'an input was not collected')
    if (error.code === StatusCode.CONN_INSUFFICIENT_SCOPES) await stop(call, collector, error.details)
  }
}

async function postOne(
  call: Call,
  collector: Collector,
  { item_id: id }: Row<'collected_inputs'>,
  item: CollectedItem,
): Promise<void> {
  const { data } = decodeDoc(InputSchema, item.input)
  for (const { kind, hash } of item.files) {
    Object.assign(data![kind]!, { base64: await call.services.blobs.bytes(hash, MAX_VIDEO_URL_BYTES) })
  }
  const input = create(InputSchema, { id, data: { ...data!, metadata: { collector_id: collector.id } } })
  const { postQueueWorkflowId, collectorSource } = collector
  if (postQueueWorkflowId !== '' && !(await inputPasses(call, postQueueWorkflowId, input))) return
  const source = collectorSource?.apiPostModelOutputsCollectorSource
  const poster = await posterOf(call, source?.postInputsKeyId ?? '')
  const { inputs } = await postInputs(poster, create(PostInputsRequestSchema, { inputs: [input] }))
  const status = inputs[0]!.status!
  const there = status.code === StatusCode.INPUT_PENDING || status.code === StatusCode.DATABASE_DUPLICATE_KEY
  if (!there) throw new AppError(status.code, status.details || status.description)
  if (item.output) await annotateCollected(call, id, item.output)
}

/** A collector that cannot post takes nothing more until somebody has seen to it. */
async function stop({ services }: Call, { pk }: Row<'collectors'>, details: string): Promise<void> {
  await services.db.transact(async (tx) => {
    const row = await rows.getByPk(tx, pk)
    if (!row) return
    const change = { status_code: StatusCode.COLLECTOR_POST_INPUT_FAILED, status_details: details }
    await rows.update(tx, row, change, services.clock.now())
  })
  services.collecting.forget()
}
