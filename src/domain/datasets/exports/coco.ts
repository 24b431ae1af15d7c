import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Input, Region } from '../../../contract/index.ts'
import { batchesOf, inputsIn } from '../versions/batches.ts'
import type { ExportSource } from './clarifai-data.ts'
import { captionOf, cocoImage, instancesOf, mediumOf } from './coco-items.ts'
import { otherLabels } from './coco-labels.ts'
import type { Entry } from './zip.ts'

/** Categories of a version by the ids of their concepts, numbered from 1 as COCO wants them. */
export type Categories = ReadonlyMap<string, { readonly number: number; readonly name: string }>

/** An input with its number, from 1 in the order of the version. */
export interface Numbered {
  readonly input: Input
  readonly number: number
}

/**
 * The files of a COCO export: boxes, polygons and keypoints of pictures in `instances.json`, captions in
 * `captions.json` (where there are any), both as COCO has them, and what COCO has no words for (labels of the whole, other media, other
 * places) in `labels.json`. Each file is written from the parts of the version as they are read, so that nothing grows
 * with their number but the list of concepts.
 */
export async function* cocoFiles(source: ExportSource): AsyncGenerator<Entry> {
  const { categories, hasCaptions } = await lookThrough(source)
  const head = headText(categories)
  yield {
    name: 'annotations/instances.json',
    content: jsonFile(head, [
      ['images', each(source, (one) => cocoImage(one))],
      ['annotations', numbered(each(source, (one) => instancesOf(one, categories)))],
    ]),
  }
  if (hasCaptions) yield captionsFile(source)
  yield {
    name: 'annotations/labels.json',
    content: jsonFile(head, [
      ['inputs', each(source, ({ input, number }) => [mediumOf(input, number)])],
      ['annotations', numbered(each(source, (one) => otherLabels(one, categories), true))],
    ]),
  }
}

const captionsFile = (source: ExportSource): Entry => ({
  name: 'annotations/captions.json',
  content: jsonFile(headText(undefined), [
    ['images', each(source, (one) => (captionOf(one.input) === undefined ? [] : cocoImage(one)))],
    ['annotations', numbered(each(source, captions))],
  ]),
})

function captions({ input, number }: Numbered): object[] {
  const caption = captionOf(input)
  return caption === undefined ? [] : [{ image_id: number, caption }]
}

/** What has to be known of all inputs before the first file is written. */
async function lookThrough(source: ExportSource): Promise<{ categories: Categories; hasCaptions: boolean }> {
  const names = new Map<string, string>()
  let hasCaptions = false
  for await (const { input } of inputsOf(source)) {
    hasCaptions ||= captionOf(input) !== undefined
    const { data } = input
    const regions: Region[] = [
      ...(data?.regions ?? []),
      ...(data?.frames ?? []).flatMap((frame) => frame.data?.regions ?? []),
    ]
    const parts = [
      data,
      ...regions.map((region) => region.data),
      ...(data?.frames ?? []).map((frame) => frame.data),
      ...(data?.timeSegments ?? []).map((segment) => segment.data),
    ]
    for (const part of parts) for (const { id, name } of part?.concepts ?? []) names.set(id, name || id)
  }
  const ids = [...names.keys()].sort()
  const categories = new Map(ids.map((id, at) => [id, { number: at + 1, name: names.get(id)! }]))
  return { categories, hasCaptions }
}

async function* inputsOf(source: ExportSource, counted = false): AsyncGenerator<Numbered> {
  let number = 0
  for await (const batch of batchesOf(source.services, source.versionPk)) {
    for (const input of inputsIn(batch)) yield { input, number: ++number }
    if (counted) await source.onInputs(batch.chunk.inputs)
    await nextTurn()
  }
}

async function* each(
  source: ExportSource,
  make: (one: Numbered) => readonly object[],
  counted = false,
): AsyncGenerator<object> {
  for await (const one of inputsOf(source, counted)) yield* make(one)
}

async function* numbered(items: AsyncIterable<object>): AsyncGenerator<object> {
  let id = 0
  for await (const item of items) yield { id: ++id, ...item }
}

function headText(categories: Categories | undefined): string {
  const info = { description: 'Exported by Limpid', version: '1.0' }
  const list =
    categories &&
    [...categories].map(([id, { number, name }]) => ({ id: number, name, supercategory: '', concept_id: id }))
  return JSON.stringify({ info, licenses: [], ...(list && { categories: list }) }).slice(0, -1)
}

/** Bytes that are gathered before they are passed on. */
const FLUSH_CHARS = 256 * 1024

/** The text of an object whose last members are long lists, made while they are read. */
async function* jsonFile(
  head: string,
  lists: readonly (readonly [name: string, items: AsyncIterable<object>])[],
): AsyncGenerator<Uint8Array> {
  let text = head
  for (const [name, items] of lists) {
    text += `,\n${JSON.stringify(name)}:[`
    let isFirst = true
    for await (const item of items) {
      text += `${isFirst ? '' : ','}\n${JSON.stringify(item)}`
      isFirst = false
      if (text.length < FLUSH_CHARS) continue
      yield Buffer.from(text)
      text = ''
    }
    text += ']'
  }
  yield Buffer.from(`${text}}\n`)
}
