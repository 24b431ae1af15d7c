import type { JsonObject } from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import type { Data, RegionInfo } from '../contract/index.ts'
import { RegionInfoSchema } from '../contract/index.ts'
import { asList, asNumber, asObject, asText, dataOf, type Found, label, type MediumSource } from './item.ts'
import { brushMask } from './masks.ts'
import { kindByName, MediaFolder, stem } from './media-folder.ts'
import { readJson } from './read-json.ts'
import { boxOf, pointOf, polygonOf, regionData } from './shapes.ts'

/** Places are percents of the picture. */
const PERCENT = { width: 100, height: 100 }

/** JSON exports of Label Studio: tasks with the results of their annotations. */
export async function* readLabelStudio(dir: string): AsyncGenerator<Found> {
  const folder = await MediaFolder.open(dir)
  for (const path of folder.withEnding(['.json'])) {
    for (const [at, one] of asList(await readJson(folder.absolute(path))).entries()) {
      const task = asObject(one)
      const fields = asObject(task?.data)
      if (!task || !fields) continue
      const source = `${path} task ${asText(task.id) || at + 1}`
      const medium = mediumOf(fields, folder)
      if (!medium) {
        yield { source, problem: 'The task has no picture, sound, film or text that could be found.' }
        continue
      }
      const whole = dataOf({})
      const annotations: Data[] = []
      for (const result of resultsOf(task)) {
        const problem = await addResult(result, whole, annotations).catch((error: Error) => error.message)
        if (problem !== undefined) yield { source: `${source} result ${asText(result.id)}`, problem }
      }
      const id = medium.from === 'file' ? stem(medium.path) : ''
      yield { source, id, medium, data: whole, annotations }
    }
  }
}

/** Results of the annotations that were not cancelled. */
function resultsOf(task: JsonObject): JsonObject[] {
  const annotations = asList(task.annotations ?? task.completions).map(asObject)
  const kept = annotations.filter((one) => one && one.was_cancelled !== true)
  return kept.flatMap((one) => asList(one?.result).map(asObject)).filter((result) => result !== undefined)
}

function mediumOf(fields: JsonObject, folder: MediaFolder): MediumSource | undefined {
  const texts = Object.entries(fields).flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, value] as const] : [],
  )
  for (const [, value] of texts) {
    const path = decodeURIComponent(value.replace(/^.*[?&]d=/, '').replace(/[?#].*$/, ''))
    const file =
      kindByName(value) || kindByName(path) ? (folder.find(path) ?? folder.find(withoutPrefix(path))) : undefined
    if (file) return { from: 'file', path: folder.absolute(file) }
    if (/^https?:\/\//.test(value)) return { from: 'url', url: value, kind: kindByName(value) }
  }
  const text = texts.find(([key]) => key === 'text') ?? texts.find(([, value]) => !value.startsWith('/'))
  return text && { from: 'text', text: text[1] }
}

// Uploaded files are named with eight digits and a dash before their own name.
const withoutPrefix = (path: string): string => path.replace(/([^/]*\/)*[0-9a-f]{8}-/, '')

async function addResult(result: JsonObject, whole: Data, annotations: Data[]): Promise<string | undefined> {
  const value = asObject(result.value) ?? {}
  const type = asText(result.type)
  const names = asList(value[type] ?? value.labels).map(asText)
  const concepts = names.map((name) => label(name))
  if (type === 'choices') {
    const known = new Set(whole.concepts.map(({ id }) => id))
    whole.concepts.push(...concepts.filter(({ id }) => !known.has(id)))
    return undefined
  }
  if (type === 'textarea') {
    annotations.push(dataOf({ text: { raw: asList(value.text).map(asText).join('\n') } }))
    return undefined
  }
  if (type === 'labels' || type === 'hypertextlabels' || type === 'paragraphlabels' || type === 'timeserieslabels') {
    return addSpan(value, names, annotations)
  }
  if (type === 'relation' || value[type] === undefined)
    return type === 'relation' ? undefined : `Results of the kind '${type}' cannot be imported.`
  const place = await placeOf(type, value, result)
  if (!place) return 'The result has no place in the picture, or one that covers nothing.'
  annotations.push(regionData(place, concepts))
  return undefined
}

/** Parts of a text by characters, parts of a sound or film by seconds. */
function addSpan(value: JsonObject, names: readonly string[], annotations: Data[]): string | undefined {
  const [start, end] = [asNumber(value.start), asNumber(value.end)]
  if (start === undefined || end === undefined || start >= end) return 'The label has no start before its end.'
  const concepts = names.map((name) => label(name))
  if (typeof value.text === 'string') {
    const span = { charStart: start, charEnd: end, rawText: value.text }
    annotations.push(regionData(create(RegionInfoSchema, { span }), concepts))
  } else {
    annotations.push(
      dataOf({ timeSegments: [{ timeInfo: { beginTime: start, endTime: end }, data: dataOf({ concepts }) }] }),
    )
  }
  return undefined
}

async function placeOf(type: string, value: JsonObject, result: JsonObject): Promise<RegionInfo | undefined> {
  const at = (name: string): number => asNumber(value[name]) ?? 0
  if (type === 'rectanglelabels') return rectangle(value, result)
  if (type === 'ellipselabels') {
    return boxOf(
      at('x') - at('radiusX'),
      at('y') - at('radiusY'),
      at('x') + at('radiusX'),
      at('y') + at('radiusY'),
      PERCENT,
    )
  }
  if (type === 'polygonlabels')
    return polygonOf(
      asList(value.points).flatMap((point) => asList(point).map(Number)),
      PERCENT,
    )
  if (type === 'keypointlabels') return pointOf(at('x'), at('y'), PERCENT)
  if (type === 'brushlabels') {
    const [width, height] = [asNumber(result.original_width) ?? 0, asNumber(result.original_height) ?? 0]
    return brushMask(asList(value.rle).map(Number), width, height)
  }
  throw new Error(`Results of the kind '${type}' cannot be imported.`)
}

/** A box; one that is turned, about its upper left corner, becomes a polygon. */
function rectangle(value: JsonObject, result: JsonObject): RegionInfo | undefined {
  const at = (name: string): number => asNumber(value[name]) ?? 0
  const [x, y, width, height] = [at('x'), at('y'), at('width'), at('height')]
  const angle = (at('rotation') * Math.PI) / 180
  if (angle === 0) return boxOf(x, y, x + width, y + height, PERCENT)
  // Turned in pixels, as percents of width and height are of different lengths.
  const [wide, high] = [asNumber(result.original_width) ?? 100, asNumber(result.original_height) ?? 100]
  const corner = (across: number, down: number): number[] => {
    const [dx, dy] = [(across * wide) / 100, (down * high) / 100]
    const turned = [dx * Math.cos(angle) - dy * Math.sin(angle), dx * Math.sin(angle) + dy * Math.cos(angle)]
    return [x + (turned[0]! / wide) * 100, y + (turned[1]! / high) * 100]
  }
  return polygonOf([corner(0, 0), corner(width, 0), corner(width, height), corner(0, height)].flat(), PERCENT)
}
