import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Input, Region } from '../../../contract/index.ts'
import { batchesOf, inputsIn } from '../versions/batches.ts'
import type { ExportSource } from './clarifai-data.ts'
import { captionOf, cocoImage, instancesOf, mediumOf } from './coco-items.ts'
import { otherLabels } from './coco-labels.ts'
import { type Entry, Mark } from './zip.ts'

/** Categories of a version by the ids of their concepts, numbered from 1 as COCO wants them. */
export type Categories = ReadonlyMap<string, { readonly number: number; readonly name: string }>

/** An input with its number, from 1 in the order of the version. */
export interface Numbered {
  readonly input: Input
  readonly number: number
}

/** A list in a file: what an input adds to it; `isNumbered` items get an id, counted from 1. */
interface List {
  readonly name: string
  readonly isNumbered: boolean
  make(one: Numbered): readonly object[]
}

interface JsonFile {
  readonly name: string
  /** The text before the lists. */
  readonly head: string
  readonly lists: readonly List[]
}

/** How far the files are: everything of a list that comes from the parts of the version before `chunk` is written. */
export interface CocoCursor {
  readonly file: number
  readonly list: number
  readonly chunk: number
  /** Inputs in the parts before. */
  readonly inputs: number
  /** Items in the list. */
  readonly items: number
}

/**
 * The files of a COCO export: boxes, polygons and keypoints of pictures in `instances.json`, captions in
 * `captions.json` (where there are any), both as COCO has them, and what COCO has no words for (labels of the whole, other media, other
 * places) in `labels.json`. Each file is written from the parts of the version as they are read, so that nothing grows
 * with their number but the list of concepts.
 */
export async function* cocoFiles(
  source: ExportSource,
  from?: CocoCursor,
): AsyncGenerator<Entry<CocoCursor> | Mark<CocoCursor>> {
  const { categories, hasCaptions } = await lookThrough(source)
  const head = headText(categories)
  const files: JsonFile[] = [
    {
      name: 'annotations/instances.json',
      head,
      lists: [
        { name: 'images', isNumbered: false, make: cocoImage },
        { name: 'annotations', isNumbered: true, make: (one) => instancesOf(one, categories) },
      ],
    },
    ...(hasCaptions ? [CAPTIONS] : []),
    {
      name: 'annotations/labels.json',
      head,
      lists: [
        { name: 'inputs', isNumbered: false, make: ({ input, number }) => [mediumOf(input, number)] },
        { name: 'annotations', isNumbered: true, make: (one) => otherLabels(one, categories) },
      ],
    },
  ]
  for (let at = from?.file ?? 0; at < files.length; at++) {
    yield { name: files[at]!.name, content: jsonFile(source, files, at, from?.file === at ? from : undefined) }
  }
}

const CAPTIONS: JsonFile = {
  name: 'annotations/captions.json',
  head: headText(undefined),
  lists: [
    { name: 'images', isNumbered: false, make: (one) => (captionOf(one.input) === undefined ? [] : cocoImage(one)) },
    { name: 'annotations', isNumbered: true, make: captions },
  ],
}

function captions({ input, number }: Numbered): object[] {
  const caption = captionOf(input)
  return caption === undefined ? [] : [{ image_id: number, caption }]
}

/** What has to be known of all inputs before the first file is written. */
async function lookThrough(source: ExportSource): Promise<{ categories: Categories; hasCaptions: boolean }> {
  const names = new Map<string, string>()
  let hasCaptions = false
  for await (const input of inputsOf(source)) {
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

async function* inputsOf(source: ExportSource): AsyncGenerator<Input> {
  for await (const batch of batchesOf(source.services, source.versionPk)) {
    yield* inputsIn(batch)
    await nextTurn()
  }
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

/** The text of an object whose last members are long lists, made while they are read; it may be gone on with after each part. */
async function* jsonFile(
  source: ExportSource,
  files: readonly JsonFile[],
  file: number,
  from: CocoCursor | undefined,
): AsyncGenerator<Uint8Array | Mark<CocoCursor>> {
  const { head, lists } = files[file]!
  let text = from ? '' : head
  for (let list = from?.list ?? 0; list < lists.length; list++) {
    const { name, isNumbered, make } = lists[list]!
    const start = from?.list === list ? from : undefined
    let { chunk, inputs, items } = start ?? { chunk: 0, inputs: 0, items: 0 }
    if (!start) text += `,\n${JSON.stringify(name)}:[`
    for await (const batch of batchesOf(source.services, source.versionPk, chunk)) {
      for (const input of inputsIn(batch)) {
        for (const item of make({ input, number: ++inputs })) {
          const comma = items++ === 0 ? '' : ','
          text += `${comma}\n${JSON.stringify(isNumbered ? { id: items, ...item } : item)}`
        }
        if (text.length < FLUSH_CHARS) continue
        yield Buffer.from(text)
        text = ''
      }
      if (text) yield Buffer.from(text)
      text = ''
      const before = listsBefore(files, file) + list
      const done = Math.floor((before * source.inputsCount + inputs) / listsBefore(files, files.length))
      yield new Mark({ file, list, chunk: ++chunk, inputs, items }, done)
      await nextTurn()
    }
    text += ']'
  }
  yield Buffer.from(`${text}}\n`)
}

const listsBefore = (files: readonly JsonFile[], file: number): number =>
  files.slice(0, file).reduce((sum, { lists }) => sum + lists.length, 0)
