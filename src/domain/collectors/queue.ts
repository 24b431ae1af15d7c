import { create } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import { CollectorSchema, type Input, ModelSchema, type Output } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { sniff } from '../../media/sniff.ts'
import { addCollected, type CollectedMedium, collectedIds, countCollected } from '../../store/repos/collectors.ts'
import { inputPks } from '../../store/repos/inputs.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import type { ReadyModel } from '../predict/model.ts'
import { type CollectedItem, itemId, mediaOf, namedModel, splitBytes } from './item.ts'
import { collectInputsJob } from './job.ts'
import { COLLECTED_MAX, OUTPUT_CHARS_MAX } from './limits.ts'

/** An input of a prediction with what the model answered. */
export interface Taken {
  readonly input: Input
  readonly output: Output
}

/** An input on its way into the queue. */
interface Kept {
  readonly id: string
  readonly item: CollectedItem
  readonly files: readonly CollectedMedium[]
}

/**
 * Puts inputs into the queue of a collector, contents first, with the job that looks at them. Inputs that it has taken
 * before are passed over, and all while its queue is full.
 */
export async function queueCollected(
  call: Call,
  collector: Row<'collectors'>,
  ready: ReadyModel,
  taken: readonly Taken[],
): Promise<void> {
  const { db, jobs, clock } = call.services
  const byId = new Map(taken.map((one) => [itemId(collector.pk, mediaOf(one.input.data)), one]))
  const ids = [...byId.keys()]
  const known = await collectedIds(db.read, collector.pk, ids)
  const there = await inputPks(db.read, collector.app_pk, ids)
  const { collectOutputs } = decodeDoc(CollectorSchema, collector.doc)
  const kept: Kept[] = []
  for (const [id, one] of byId) {
    if (!known.has(id) && !there.has(id)) kept.push(await keep(call, id, one, collectOutputs ? ready : undefined))
  }
  if (kept.length === 0) return
  await db.transact(async (tx) => {
    const room = COLLECTED_MAX - (await countCollected(tx, collector.pk, COLLECTED_MAX))
    const again = await collectedIds(tx, collector.pk, ids)
    const fresh = kept.filter(({ id }) => !again.has(id)).slice(0, Math.max(0, room))
    if (fresh.length === 0) return
    const { app_pk, pk: collector_pk } = collector
    for (const { id, item, files } of fresh) {
      const row = { app_pk, collector_pk, item_id: id, doc: JSON.stringify(item), created_at: clock.now() }
      await addCollected(tx, row, files)
    }
    await jobs.enqueue(tx, collectInputsJob, {}, { appPk: app_pk, dedupeKey: `collect:${app_pk}` })
  })
}

/** Puts the contents of an input into the store, with what the model `ready` answered. */
async function keep(call: Call, id: string, { input, output }: Taken, ready: ReadyModel | undefined): Promise<Kept> {
  const { input: lean, bytes } = splitBytes(mediaOf(input.data))
  const files: CollectedMedium[] = []
  for (const [kind, content] of bytes) {
    const { hash, size } = await call.services.blobs.put(content)
    const contentType = (await sniff(content))?.mime ?? 'application/octet-stream'
    const original = { sizeName: 'orig', hash, start: 0, size, contentType, content: null, blobSize: size }
    files.push({ id: newId(), kind, original })
  }
  const item: CollectedItem = {
    input: encodeDoc(lean),
    files: files.map(({ id: mediumId, kind, original }) => ({ kind: kind as 'image', mediumId, hash: original.hash })),
    ...(ready && outputOf(output, ready)),
  }
  return { id, item, files }
}

function outputOf({ data }: Output, { model, rows }: ReadyModel): Pick<CollectedItem, 'output'> {
  const text = data && encodeDoc(data)
  if (!text || text.length > OUTPUT_CHARS_MAX) return {}
  const named = encodeDoc(create(ModelSchema, namedModel(model)))
  return { output: { data: text, model: named, versionPk: rows.versionPk, modelAppPk: rows.appPk } }
}
