import Table from 'cli-table3'
import type { JsonData, JsonOutput } from './client.ts'

/** Concepts shown of each node or region; the rest is counted. */
const CONCEPTS_SHOWN = 5
/** Regions and frames shown of each node; the rest is counted. */
const REGIONS_SHOWN = 12
const TEXT_SHOWN = 60

type Line = readonly [what: string, score: string]

/** One node of the answer with the time that it took. */
export interface NodeLine {
  readonly node: string
  readonly output: JsonOutput
  readonly milliseconds: number | undefined
}

/** The answer of a workflow as a table: node, what it found, score, time. */
export function resultTable(nodes: readonly NodeLine[]): string {
  const table = new Table({ head: ['node', 'model', 'found', 'score', 'ms'], style: { head: [], border: [] } })
  for (const { node, output, milliseconds } of nodes) {
    const lines = output.data ? describe(output.data) : []
    const shown = lines.length > 0 ? lines : [[output.status.details ?? output.status.description ?? '', '']]
    const time = milliseconds === undefined ? '' : milliseconds.toFixed(1)
    table.push([
      node,
      output.model.id,
      shown.map(([what]) => what).join('\n'),
      shown.map((line) => line[1]).join('\n'),
      time,
    ])
  }
  return table.toString()
}

const score = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(3))

function describe(data: JsonData): Line[] {
  const lines: Line[] = []
  lines.push(
    ...cut(
      (data.concepts ?? []).map((c): Line => [c.name || c.id, score(c.value)]),
      CONCEPTS_SHOWN,
    ),
  )
  lines.push(...cut((data.regions ?? []).map(regionLine), REGIONS_SHOWN))
  lines.push(
    ...cut(
      (data.colors ?? []).map((c): Line => [`${c.rawHex} ${c.w3c?.name ?? ''}`, score(c.value)]),
      CONCEPTS_SHOWN,
    ),
  )
  for (const embedding of data.embeddings ?? []) lines.push([`vector of ${embedding.numDimensions}`, ''])
  for (const frame of (data.frames ?? []).slice(0, REGIONS_SHOWN)) {
    const best = frame.data ? describe(frame.data)[0] : undefined
    lines.push([`${frame.frameInfo?.time ?? 0} ms: ${best?.[0] ?? 'nothing'}`, best?.[1] ?? ''])
  }
  const segments = data.timeSegments ?? []
  lines.push(
    ...cut(
      segments.map(({ timeInfo, data: said }): Line => {
        const [begin, end] = [timeInfo?.beginTime ?? 0, timeInfo?.endTime ?? 0].map((seconds) => seconds.toFixed(1))
        return [`${begin}-${end} s: ${shorten(said?.text?.raw ?? '')}`, '']
      }),
      REGIONS_SHOWN,
    ),
  )
  // The text of a recording is that of its parts, which have been shown.
  if (data.text?.raw && segments.length === 0) lines.push([shorten(data.text.raw), ''])
  return lines
}

function regionLine(region: NonNullable<JsonData['regions']>[number]): Line {
  const box = region.regionInfo?.boundingBox
  const place = box
    ? [box.leftCol, box.topRow, box.rightCol, box.bottomRow].map((v) => (v ?? 0).toFixed(2)).join(' ')
    : ''
  const inside = region.data ? describe(region.data)[0] : undefined
  return [`[${place}] ${inside?.[0] ?? ''}`, inside?.[1] || score(region.value)]
}

function cut(lines: Line[], most: number): Line[] {
  return lines.length > most ? [...lines.slice(0, most), [`... ${lines.length - most} more`, '']] : lines
}

const shorten = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > TEXT_SHOWN ? `${line.slice(0, TEXT_SHOWN)}...` : line
}
