import { createReadStream } from 'node:fs'
import { extname } from 'node:path'
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { parse } from 'csv-parse'
import type { Concept } from '../contract/index.ts'
import { asNumber, asObject, dataOf, type Found, type ImportItem, label, type MediumSource } from './item.ts'
import { kindByName, MediaFolder } from './media-folder.ts'

type Row = Readonly<Record<string, string>>

/**
 * CSV files with one input a line, with the columns of the original's uploads (`input.data.image.url`,
 * `input.data.concepts[0].id` and so on) or those of its SDKs (`inputid`, `input`, `concepts`, `metadata`, `geopoints`).
 */
export async function* readCsv(dir: string): AsyncGenerator<Found> {
  const folder = await MediaFolder.open(dir)
  for (const path of folder.withEnding(['.csv', '.tsv'])) {
    const delimiter = extname(path) === '.tsv' ? '\t' : ','
    const options = {
      columns: true,
      bom: true,
      delimiter,
      skip_empty_lines: true,
      relax_column_count: true,
      trim: true,
    }
    const rows = createReadStream(folder.absolute(path)).pipe(parse(options))
    let line = 1
    for await (const row of rows) {
      const source = `${path}:${++line}`
      try {
        yield readRow(row as Row, source, folder)
      } catch (error) {
        yield { source, problem: (error as Error).message }
      }
    }
  }
}

function readRow(row: Row, source: string, folder: MediaFolder): ImportItem {
  const isApi = Object.keys(row).some((column) => column.startsWith('input.'))
  const metadata = readJsonCell(row[isApi ? 'input.metadata' : 'metadata'], 'metadata')
  const geo = isApi ? apiGeo(row) : sdkGeo(row.geopoints)
  const data = dataOf({
    concepts: isApi ? apiConcepts(row) : sdkConcepts(row.concepts ?? row.labels),
    ...(metadata && { metadata }),
    ...(geo && { geo: { geoPoint: geo } }),
  })
  const medium = isApi ? apiMedium(row, folder) : sdkMedium(row.input ?? row.text ?? row.image ?? '', folder)
  return { source, id: (isApi ? row['input.id'] : (row.inputid ?? row.id)) ?? '', medium, data, annotations: [] }
}

function apiMedium(row: Row, folder: MediaFolder): MediumSource {
  const raw = row['input.data.text.raw']
  if (raw) return { from: 'text', text: raw }
  for (const kind of ['image', 'video', 'audio', 'text'] as const) {
    const url = row[`input.data.${kind}.url`]
    if (!url) continue
    const file = /^https?:/i.test(url) ? undefined : folder.find(url)
    return file ? { from: 'file', path: folder.absolute(file) } : { from: 'url', url, kind }
  }
  throw new Error('The line has no medium; fill input.data.image.url, input.data.text.raw or the like.')
}

/** A cell that may be an address, a file of the folder or a text. */
function sdkMedium(cell: string, folder: MediaFolder): MediumSource {
  if (cell === '') throw new Error('The line has no medium; fill the column input.')
  if (/^https?:\/\//i.test(cell)) return { from: 'url', url: cell, kind: kindByName(cell) }
  const file = kindByName(cell) ? folder.find(cell) : undefined
  return file ? { from: 'file', path: folder.absolute(file) } : { from: 'text', text: cell }
}

function apiConcepts(row: Row): Concept[] {
  const concepts: Concept[] = []
  for (let at = 0; row[`input.data.concepts[${at}].id`] !== undefined; at++) {
    const id = row[`input.data.concepts[${at}].id`]
    if (!id) continue
    const value = asNumber(row[`input.data.concepts[${at}].value`]) ?? 1
    concepts.push(label(row[`input.data.concepts[${at}].name`] || id, id, value))
  }
  return concepts
}

/** A list as JSON or Python writes it, or names with commas, `|` or `;` between them. */
function sdkConcepts(cell: string | undefined): Concept[] {
  const text = (cell ?? '').trim()
  const inner = /^\[(.*)\]$/s.exec(text)?.[1] ?? text
  const names = inner.split(/[,;|]/).map((name) =>
    name
      .trim()
      .replace(/^(['"])(.*)\1$/, '$2')
      .trim(),
  )
  return [...new Set(names)].filter((name) => name !== '').map((name) => label(name))
}

function readJsonCell(cell: string | undefined, what: string): JsonObject | undefined {
  if (!cell) return undefined
  for (const text of [cell, cell.replaceAll("'", '"')]) {
    try {
      const value = asObject(JSON.parse(text) as JsonValue)
      if (value) return value
    } catch {
      // Python writes dictionaries with single quotes, so the second reading may do.
    }
  }
  throw new Error(`The ${what} of the line are no JSON object.`)
}

function apiGeo(row: Row): { latitude: number; longitude: number } | undefined {
  const at = (name: string): number | undefined => asNumber(row[`input.data.geo.geo_point.${name}`])
  const [latitude, longitude] = [at('latitude'), at('longitude')]
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }
}

/** Longitude and latitude, in this order, as the SDKs have them. */
function sdkGeo(cell: string | undefined): { latitude: number; longitude: number } | undefined {
  const [longitude, latitude] = (cell ?? '')
    .replace(/[[\]()]/g, '')
    .split(',')
    .map(asNumber)
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }
}
