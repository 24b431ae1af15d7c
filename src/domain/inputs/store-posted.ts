import type { Micros } from '../../base/clock.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { addMedia } from '../../store/repos/input-media.ts'
import { addInputs, addToDatasets } from '../../store/repos/inputs.ts'
import { insertRows } from '../../store/repos/insert-rows.ts'
import { addTallies } from '../../store/repos/tallies.ts'
import { ensureConcepts, type LabelPlace } from '../annotations/concepts.ts'
import { type AnnotationDraft, type AnnotationWorker, storeAnnotations } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import type { Services } from '../services.ts'
import { countIntoAddJob } from './add-jobs.ts'
import { labelPlace, workerOf } from './caller.ts'
import { inputDocument } from './document.ts'
import type { Posted } from './posted.ts'
import { enqueueProcessing } from './process/job.ts'
import { refuseTaken } from './taken.ts'

/** How the inputs of one call are to be stored. */
export interface PostWish {
  readonly datasetPks: ReadonlyMap<string, number>
  /** Empty for none. */
  readonly addJobId: string
  /** Whether a taken id gets a suffix instead of a refusal. */
  readonly suffix: boolean
}

/** Where inputs are stored, and in whose name they are labelled. */
export interface PostPlace {
  readonly services: Pick<Services, 'clock' | 'jobs'>
  readonly labels: LabelPlace
  readonly worker: AnnotationWorker
}

/**
 * Stores the inputs that are not refused yet, with labels, media, statistics and the job that will process them, all in
 * one transaction; those whose id or address is taken are refused then. Returns the pk of the add job, if there is one.
 */
export async function storePosted(call: Call, items: readonly Posted[], wish: PostWish): Promise<number | null> {
  const place = { services: call.services, labels: await labelPlace(call), worker: workerOf(call) }
  const forget = remember(items)
  return call.services.db.transact((tx) => {
    forget()
    return storeInto(tx, place, items, wish)
  })
}

/** A function that forgets what an earlier attempt of a transaction has found out about items, as it may be repeated. */
export function remember(items: readonly Posted[]): () => void {
  const before = items.map(({ id, refusal }) => ({ id, refusal }))
  return () => {
    for (const [at, item] of items.entries()) Object.assign(item, before[at])
  }
}

/** The same within a transaction, for items that nobody has looked at before. */
export async function storeInto(
  tx: Writer,
  { services, labels, worker }: PostPlace,
  items: readonly Posted[],
  wish: PostWish,
): Promise<number | null> {
  const now = services.clock.now()
  const { appPk } = labels
  await refuseTaken(tx, appPk, items, wish.suffix)
  const fresh = items.filter(({ refusal }) => !refusal)
  const addJobPk = await countIntoAddJob(tx, appPk, wish.addJobId, items.length - fresh.length, now)
  if (fresh.length === 0) return addJobPk
  await addRows(tx, appPk, fresh, { ...wish, addJobPk }, now)
  await addLabels(tx, labels, worker, fresh, now)
  await enqueueProcessing(tx, services, appPk)
  return addJobPk
}

async function addRows(
  tx: Writer,
  appPk: number,
  items: readonly Posted[],
  { datasetPks, addJobPk }: PostWish & { readonly addJobPk: number | null },
  now: Micros,
): Promise<void> {
  const rows = items.map(({ id, kinds, input }) => ({
    app_pk: appPk,
    id,
    kinds,
    status_code: StatusCode.INPUT_PENDING,
    status_details: '',
    add_job_pk: addJobPk,
    doc: inputDocument(input),
    created_at: now,
    modified_at: now,
  }))
  const pks = await addInputs(tx, rows)
  for (const item of items) Object.assign(item, { pk: pks.get(item.id), createdAt: now })
  const urls = items.flatMap(({ pk, urls }) =>
    [...new Set(urls)].map((url_hash) => ({ app_pk: appPk, url_hash, input_pk: pk! })),
  )
  await insertRows(tx, 'input_urls', urls, [])
  const media = items.flatMap((item) =>
    item.media.map(({ id, kind, doc, original }) => ({ inputPk: item.pk!, id, kind, doc, files: [original] })),
  )
  await addMedia(tx, appPk, media, now)
  const members = items.flatMap(({ pk, input }) =>
    input.datasetIds.map((id) => ({ dataset_pk: datasetPks.get(id)!, input_pk: pk!, created_at: now })),
  )
  await addToDatasets(tx, members)
  await addTallies(tx, appPk, [{ kind: 'inputs', key: StatusCode.INPUT_PENDING, by: items.length }])
}

/** Every input has one annotation of the whole, also where it says nothing. */
async function addLabels(
  tx: Writer,
  place: LabelPlace,
  worker: AnnotationWorker,
  items: readonly Posted[],
  now: Micros,
): Promise<void> {
  const datas = items.flatMap(({ labels }) => [labels.whole, ...labels.regions].flatMap(({ data }) => data ?? []))
  const conceptPk = await ensureConcepts(tx, place, datas, now)
  const drafts = items.flatMap(({ pk, labels }): AnnotationDraft[] => {
    const common = {
      appPk: place.appPk,
      inputPk: pk!,
      worker,
      conceptPk,
      statusCode: StatusCode.ANNOTATION_SUCCESS,
      trusted: true,
    }
    return [
      { ...common, message: labels.whole, inputLevel: true },
      ...labels.regions.map((message) => ({ ...common, message })),
    ]
  })
  await storeAnnotations(tx, drafts, now)
}
