import type { BlobInfo, BlobStore } from '../../../blobs/blob-store.ts'
import { DatasetVersionExportFormat as Format } from '../../../contract/index.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { type ChunkCursor, clarifaiData, type ExportSource } from './clarifai-data.ts'
import { type CocoCursor, cocoFiles } from './coco.ts'
import type { ExportFormat } from './formats.ts'
import { PROGRESS_MS } from './limits.ts'
import { Parts } from './parts.ts'
import { type Entry, type Mark, markedZip, type ZipPlace } from './zip.ts'
import type { Header } from './zip-headers.ts'

type Cursor = ChunkCursor | CocoCursor

/** How far an export is that is kept in parts. */
export interface ExportState {
  readonly parts: number
  /** Where it goes on; null when all parts are there. */
  readonly next: { readonly place: ZipPlace; readonly cursor: Cursor } | null
}

/** Bytes of an export that are kept. */
export type ExportPart = Omit<Row<'dataset_version_export_parts'>, 'version_pk' | 'format'>

/** An export that is written, and what is there of it. */
export interface Writing {
  readonly source: ExportSource
  readonly format: ExportFormat
  readonly kept: readonly ExportPart[]
  readonly state: ExportState | undefined
  /** Work after which what is there is kept as a part, in milliseconds. */
  readonly partMs: number
  readonly signal: AbortSignal
  /** Keeps a part for ever, and from where it goes on, in one commit; `done` inputs are in what is there. */
  keep(part: ExportPart, state: ExportState, done: number): Promise<void>
  /** Told now and then how many inputs are done. */
  progress(done: number): Promise<void>
}

const MAKE: Readonly<
  Record<ExportFormat, (source: ExportSource, from?: Cursor) => AsyncIterable<Entry<Cursor> | Mark<Cursor>>>
> = {
  [Format.CLARIFAI_DATA_PROTOBUF]: (source, from) => clarifaiData(source, 'protobuf', from as ChunkCursor),
  [Format.CLARIFAI_DATA_JSON]: (source, from) => clarifaiData(source, 'json', from as ChunkCursor),
  [Format.COCO]: (source, from) => cocoFiles(source, from as CocoCursor),
}

/** Writes an export into the blob store. However it is cut into parts, and whoever goes on with them, it is the same file. */
export async function writeExport(writing: Writing): Promise<BlobInfo> {
  const { blobs } = writing.source.services
  const kept = [...writing.kept]
  const whole = writing.state?.next === null ? undefined : await writeParts(writing, kept)
  return whole ?? blobs.put(joined(blobs, kept, writing.signal))
}

/** Writes what is not there yet; answers the file itself where it has become a single part. */
async function writeParts(writing: Writing, kept: ExportPart[]): Promise<BlobInfo | undefined> {
  const { source, format, state, partMs, signal } = writing
  const from = state?.next
    ? { place: state.next.place, files: kept.flatMap(({ files }) => JSON.parse(files) as Header[]) }
    : undefined
  const archive = markedZip(MAKE[format](source, state?.next?.cursor), from)
  let told = performance.now()
  let begun = told
  const parts = new Parts(
    archive,
    async ({ mark }) => {
      signal.throwIfAborted()
      if (performance.now() - told < PROGRESS_MS) return
      told = performance.now()
      await writing.progress(mark.done)
    },
    () => performance.now() - begun >= partMs,
  )
  try {
    for (;;) {
      begun = performance.now()
      const { written, mark, files } = await parts.next((bytes) => source.services.blobs.put(bytes))
      if (!mark && kept.length === 0) return written
      const part = { position: kept.length, ...written, files: JSON.stringify(files) }
      kept.push(part)
      const next = mark ? { place: mark.place, cursor: mark.mark.cursor } : null
      await writing.keep(part, { parts: kept.length, next }, mark ? mark.mark.done : source.inputsCount)
      if (!mark) return undefined
    }
  } finally {
    await archive.return(undefined)
  }
}

async function* joined(
  blobs: BlobStore,
  parts: readonly ExportPart[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const { hash } of parts) {
    signal.throwIfAborted()
    yield* await blobs.read(hash)
  }
}
