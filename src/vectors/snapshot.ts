import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'
import { CodesFile } from './codes-file.ts'
import { Graph } from './graph.ts'
import { FROZEN_ROWS_MIN, TAIL_ROWS_MIN } from './limits.ts'
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

/** The files of graphs that the state of an index names. */
const keptGraphs = new WeakMap<VectorIndex, readonly GraphFile[]>()

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
    const index = new VectorIndex(rows, graphs)
    keptGraphs.set(index, state.graphs)
    return { index, mark: state.mark }
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
 * that names them takes the place of the old one in one step, so that a crash leaves the old or the new index. What is
 * kept is the index at the time of the call; it may change while this waits for the disk. Where it is no longer
 * `isWanted` by then, nothing takes the place of the old state. A large graph that has all rows is mapped from its file
 * from then on: its memory can be used for other things.
 */
export async function saveIndex(
  folder: string,
  index: VectorIndex,
  mark: Mark,
  isWanted: () => boolean = () => true,
): Promise<void> {
  const { dimension } = index.rows
  const before = keptGraphs.get(index) ?? []
  const rows = index.rows.save()
  const written: string[] = []
  const saved = index.graphs.map((graph) => {
    const name = `graph-${graph.from}-${graph.to}`
    const path = join(folder, name)
    const kept = before.find((file) => file.name === name)
    if (kept && existsSync(path)) return { graph, file: kept }
    graph.save(path)
    written.push(path)
    const file: GraphFile = { name, from: graph.from, to: graph.to, size: statSync(path).size }
    return { graph, file }
  })
  await index.rows.flush()
  for (const path of written) await flush(path)
  const graphs = saved.map(({ file }) => file)
  const next = await writeState(folder, { format: FORMAT, dimension, mark, rows, graphs })
  if (!isWanted()) return
  renameSync(next, join(folder, STATE_FILE))
  keptGraphs.set(index, graphs)
  writeFileSync(join(folder, MARK_FILE), JSON.stringify(mark))
  const named = new Set([STATE_FILE, ROWS_FILE, CODES_FILE, MARK_FILE, ...graphs.map(({ name }) => name)])
  for (const { graph, file } of saved) {
    const isWhole = graph.to === file.to && index.rows.count - graph.to < TAIL_ROWS_MIN
    if (!graph.frozen && isWhole && graph.to - graph.from >= FROZEN_ROWS_MIN) graph.freeze(join(folder, file.name))
  }
  for (const name of readdirSync(folder)) if (!named.has(name)) rmSync(join(folder, name), { force: true })
  await flush(folder)
}

let statesWritten = 0

/** Writes a state file beside the one that counts; returns its path. 4 bytes of checksum, then the state. */
async function writeState(folder: string, state: State): Promise<string> {
  const body = serialize(state)
  const head = Buffer.alloc(4)
  head.writeUInt32LE(crc32(body))
  const path = join(folder, `${STATE_FILE}.${++statesWritten}.new`)
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(head)
    await file.writeFile(body)
    await file.sync()
  } finally {
    await file.close()
  }
  return path
}

/** Resolves when a file, or what a folder lists, is on disk. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
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
