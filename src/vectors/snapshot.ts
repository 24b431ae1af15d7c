import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'
import { CodesFile } from './codes-file.ts'
import { Graph } from './graph.ts'
import { FROZEN_ROWS_MIN } from './limits.ts'
import type { Residency } from './residency.ts'
import { RowFile } from './row-file.ts'
import type { SavedTable } from './row-table.ts'
import { VectorIndex } from './vector-index.ts'
import { segmentRowsOf, VectorRows } from './vector-rows.ts'

/** Raised when the format changes; an index of another format is made anew from the database. */
const FORMAT = 2
const STATE_FILE = 'state'
const ROWS_FILE = 'rows.f32'
const CODES_FILE = 'codes.i8'
/** The mark of the state once more, to be read without it; written after it, so never further on. */
const MARK_FILE = 'mark.json'

/** The place in the log of changes that an index goes up to, as whoever reads the log wants it kept. */
export interface Mark {
  readonly sequence: number
  readonly token: string
  readonly oldestRunning: number
}

interface GraphFile {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly size: number
}

interface State {
  readonly format: number
  readonly dimension: number
  readonly mark: Mark
  readonly rows: SavedTable
  readonly graphs: readonly GraphFile[]
}

/** An index with the folder that keeps it. */
export interface OpenedIndex {
  readonly index: VectorIndex
  readonly mark: Mark
}

/** An index in an empty folder. */
export function createIndex(folder: string, dimension: number, residency: Residency): VectorIndex {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return new VectorIndex(rowsIn(folder, dimension, residency))
}

function rowsIn(folder: string, dimension: number, residency: Residency): VectorRows {
  const codes = new CodesFile(join(folder, CODES_FILE), segmentRowsOf(dimension), dimension)
  return new VectorRows(dimension, residency, new RowFile(join(folder, ROWS_FILE)), codes)
}

/** Opens what `saveIndex` kept, or nothing where there is none or it is damaged: then the database is read again. */
export function openIndex(folder: string, dimension: number, residency: Residency): OpenedIndex | undefined {
  if (!existsSync(join(folder, STATE_FILE))) return undefined
  const state = readState(folder)
  if (!state || state.dimension !== dimension) return undefined
  const rows = rowsIn(folder, dimension, residency)
  try {
    rows.restore(state.rows)
    const graphs = state.graphs.map(({ name, from, to, size }) => {
      if (statSync(join(folder, name)).size !== size) throw new Error('a file of a graph has another size')
      return Graph.view(dimension, join(folder, name), from, to)
    })
    return { index: new VectorIndex(rows, graphs), mark: state.mark }
  } catch {
    rows.release()
    return undefined
  }
}

/** The place that a kept index goes up to at least, without a look at the index; undefined where none is kept. */
export function keptMark(folder: string): Mark | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, MARK_FILE), 'utf8')) as Mark
  } catch {
    return undefined
  }
}

/**
 * Keeps an index: rows that are new are added to their file, graphs that have grown are written anew, and the state
 * that names them takes the place of the old one in one step, so that a crash leaves the old or the new index. A large
 * graph is mapped from its file from then on: it need not be written again, and its memory can be used for other things.
 */
export function saveIndex(folder: string, index: VectorIndex, mark: Mark): void {
  const before = readState(folder)
  const rows = index.rows.save()
  const graphs = index.graphs.map((graph): GraphFile => {
    const name = `graph-${graph.from}-${graph.to}`
    const kept = before?.graphs.find((file) => file.name === name)
    if (kept && existsSync(join(folder, name))) return kept
    const file = join(folder, name)
    graph.save(`${file}.new`)
    sync(`${file}.new`)
    renameSync(`${file}.new`, file)
    return { name, from: graph.from, to: graph.to, size: statSync(file).size }
  })
  const { dimension } = index.rows
  writeState(folder, { format: FORMAT, dimension, mark, rows, graphs })
  writeFileSync(join(folder, MARK_FILE), JSON.stringify(mark))
  const named = new Set([STATE_FILE, ROWS_FILE, CODES_FILE, MARK_FILE, ...graphs.map(({ name }) => name)])
  for (const [at, graph] of index.graphs.entries()) {
    if (graph.frozen || graph.to - graph.from < FROZEN_ROWS_MIN) continue
    index.freeze(graph, Graph.view(dimension, join(folder, graphs[at]!.name), graph.from, graph.to))
  }
  for (const name of readdirSync(folder)) if (!named.has(name)) rmSync(join(folder, name), { force: true })
}

/** Of a state file: 4 bytes of checksum, then the state. */
function writeState(folder: string, state: State): void {
  const body = serialize(state)
  const head = Buffer.alloc(4)
  head.writeUInt32LE(crc32(body))
  const file = join(folder, STATE_FILE)
  const fd = openSync(`${file}.new`, 'w', 0o600)
  try {
    writeSync(fd, head)
    for (let at = 0; at < body.length; ) at += writeSync(fd, body, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${file}.new`, file)
  sync(folder)
}

function readState(folder: string): State | undefined {
  const file = join(folder, STATE_FILE)
  if (!existsSync(file)) return undefined
  const bytes = readFileSync(file)
  const body = bytes.subarray(4)
  if (bytes.length < 4 || bytes.readUInt32LE(0) !== crc32(body)) return undefined
  const state = deserialize(body) as State
  return state.format === FORMAT ? state : undefined
}

function sync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
