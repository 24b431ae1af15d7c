import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { AnnotationSchema, type Data } from '../contract/index.ts'
import { encodeJson } from '../contract/json/index.ts'
import { sniff } from '../media/sniff.ts'
import { type ApiAnswer, type ApiStatus, CODE, type ImportApi, wordsOf } from './api.ts'
import { idOf } from './ids.ts'
import type { ImportItem } from './item.ts'
import { BATCH_MAX } from './limits.ts'
import { kindByName } from './media-folder.ts'

/** An item with the id that its input gets. */
export interface Numbered {
  readonly item: ImportItem
  readonly id: string
}

/** How an import goes. */
export interface Outcome {
  inputs: number
  /** Inputs that were there, from a run before. */
  known: number
  annotations: number
  knownAnnotations: number
  readonly problem: (source: string, problem: string) => void
}

interface ItemAnswer {
  readonly id?: string
  readonly status?: ApiStatus
}

/** An input as it is sent. */
interface Sent extends Numbered {
  readonly body: object
}

/** Sends one batch of items: the inputs, their membership, then what is said about them. */
export async function uploadBatch(api: ImportApi, batch: readonly Numbered[], outcome: Outcome): Promise<void> {
  const sent: Sent[] = []
  for (const one of batch) {
    try {
      sent.push({ ...one, body: await inputBody(api, one) })
    } catch (error) {
      outcome.problem(one.item.source, (error as Error).message)
    }
  }
  const there = await postInputs(api, sent, outcome)
  await postAnnotations(api, there, outcome)
}

async function inputBody(api: ImportApi, { item, id }: Numbered): Promise<object> {
  const { concepts, metadata, geo } = plain(item.data) as Record<string, unknown>
  const dataset = api.target.dataset
  return {
    id,
    data: { ...(await mediumBody(api, item)), concepts, metadata, geo },
    ...(dataset && { dataset_ids: [dataset] }),
  }
}

async function mediumBody(api: ImportApi, { medium }: ImportItem): Promise<object> {
  if (medium.from === 'text') return { text: { raw: medium.text } }
  if (medium.from === 'url') {
    const kind = medium.kind ?? kindByName(medium.url) ?? 'image'
    if (!api.isOwn(medium.url)) return { [kind]: { url: medium.url, allow_duplicate_url: true } }
    return bytesBody(kind, await api.download(medium.url))
  }
  const bytes = await readFile(medium.path)
  const kind = (await sniff(bytes))?.kind
  if (!kind) throw new Error(`${basename(medium.path)} is no image, video, audio or UTF-8 text that Limpid knows.`)
  return bytesBody(kind, bytes)
}

const bytesBody = (kind: string, bytes: Uint8Array): object =>
  kind === 'text'
    ? { text: { raw: Buffer.from(bytes).toString('utf8') } }
    : { [kind]: { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') } }

const plain = (data: Data): object => JSON.parse(encodeJson(data, 'snake')) as object

/** Posts inputs; returns those that are there afterwards, new or from a run before. */
async function postInputs(api: ImportApi, sent: readonly Sent[], outcome: Outcome): Promise<Numbered[]> {
  if (sent.length === 0) return []
  const inputs = sent.map(({ body }) => body)
  const answer = await api.call<ApiAnswer & { inputs?: ItemAnswer[] }>('POST', '/inputs', { inputs })
  if (answer.inputs === undefined || answer.inputs.length !== sent.length) {
    for (const { item } of sent) outcome.problem(item.source, wordsOf(answer.status))
    return []
  }
  const there: Numbered[] = []
  const known: Numbered[] = []
  for (const [at, { status }] of answer.inputs.entries()) {
    const one = sent[at]!
    if (status?.code === CODE.DUPLICATE) known.push(one)
    else if (status && isRefused(status.code)) outcome.problem(one.item.source, wordsOf(status))
    else there.push(one)
  }
  outcome.inputs += there.length
  outcome.known += known.length
  await addToDataset(api, known, outcome)
  return [...there, ...known]
}

// An input that waits for its processing has a status of its own, not that of a success.
const isRefused = (code: number): boolean => !(code >= 30000 && code <= 30003) && code !== CODE.SUCCESS

async function addToDataset(api: ImportApi, known: readonly Numbered[], outcome: Outcome): Promise<void> {
  const { dataset } = api.target
  if (!dataset || known.length === 0) return
  const body = { dataset_inputs: known.map(({ id }) => ({ input: { id } })) }
  const answer = await api.call('POST', `/datasets/${encodeURIComponent(dataset)}/inputs`, body)
  if (answer.status.code !== CODE.SUCCESS) outcome.problem(`dataset ${dataset}`, wordsOf(answer.status))
}

async function postAnnotations(api: ImportApi, items: readonly Numbered[], outcome: Outcome): Promise<void> {
  const all = items.flatMap(({ item, id }) =>
    item.annotations.map((data, at) => ({
      source: `${item.source} annotation ${at + 1}`,
      body: annotationBody(id, idOf(`${id} ${at}`), data),
    })),
  )
  for (let start = 0; start < all.length; start += BATCH_MAX) {
    const part = all.slice(start, start + BATCH_MAX)
    const body = { annotations: part.map((one) => one.body) }
    const answer = await api.call<ApiAnswer & { annotations?: ItemAnswer[] }>('POST', '/annotations', body)
    for (const [at, { source }] of part.entries()) {
      const status = answer.annotations?.[at]?.status ?? answer.status
      if (status.code === CODE.DUPLICATE) outcome.knownAnnotations++
      else if (answer.annotations === undefined || !(status.code >= 24150 && status.code < 24152)) {
        outcome.problem(source, wordsOf(status))
      } else outcome.annotations++
    }
  }
}

function annotationBody(inputId: string, id: string, data: Data): object {
  return JSON.parse(encodeJson(create(AnnotationSchema, { id, inputId, data }), 'snake')) as object
}
