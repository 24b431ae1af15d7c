import { stat } from 'node:fs/promises'
import { type ApiAnswer, CODE, ImportApi, type ImportTarget, wordsOf } from './api.ts'
import { FORMATS, type FormatName } from './formats.ts'
import { InputIds } from './ids.ts'
import { type ImportItem, isProblem } from './item.ts'
import { BATCH_BYTES_WANTED, BATCH_MAX, PARALLEL_DEFAULT } from './limits.ts'
import { kindByName } from './media-folder.ts'
import { type Numbered, type Outcome, uploadBatch } from './upload.ts'

/** What an import has done. */
export interface ImportResult {
  readonly inputs: number
  readonly known: number
  readonly annotations: number
  readonly knownAnnotations: number
  readonly problems: number
}

/** Hears how far an import is. */
export interface ImportObserver {
  /** Called after each batch, with the items that were looked at so far. */
  progress?(done: number): void
  problem?(source: string, problem: string): void
}

/**
 * Brings a folder into an app of a running server, over its API. Ids are made of what is imported, so an import that was
 * cut off goes on where it was when it is run again: what is there already is left as it is.
 */
export async function runImport(
  dir: string,
  format: FormatName,
  target: ImportTarget,
  observer: ImportObserver = {},
  parallel: number = PARALLEL_DEFAULT,
): Promise<ImportResult> {
  const api = new ImportApi(target)
  if (target.dataset) await ensureDataset(api, target.dataset)
  let problems = 0
  const outcome: Outcome = {
    inputs: 0,
    known: 0,
    annotations: 0,
    knownAnnotations: 0,
    problem(source, problem) {
      problems++
      observer.problem?.(source, problem)
    },
  }
  let done = 0
  const next = batches(dir, format, outcome)
  // Several senders take from one reader, so that one waits for the other only where both are slow.
  const sender = async (): Promise<void> => {
    for (let batch = await next.next(); !batch.done; batch = await next.next()) {
      await uploadBatch(api, batch.value, outcome)
      done += batch.value.length
      observer.progress?.(done)
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, sender))
  const { inputs, known, annotations, knownAnnotations } = outcome
  return { inputs, known, annotations, knownAnnotations, problems }
}

async function ensureDataset(api: ImportApi, id: string): Promise<void> {
  const found = await api.call('GET', `/datasets/${encodeURIComponent(id)}`)
  if (found.status.code === CODE.SUCCESS) return
  if (found.status.code !== CODE.DOES_NOT_EXIST) throw new Error(wordsOf(found.status))
  const made = await api.call<ApiAnswer>('POST', '/datasets', { datasets: [{ id }] })
  if (made.status.code !== CODE.SUCCESS) throw new Error(wordsOf(made.status))
}

/** Items in batches that are neither too many nor too large for one request. */
async function* batches(
  dir: string,
  format: FormatName,
  outcome: Outcome,
): AsyncGenerator<Numbered[], void, undefined> {
  const ids = new InputIds()
  let batch: Numbered[] = []
  let bytes = 0
  for await (const found of FORMATS[format](dir)) {
    if (isProblem(found)) {
      outcome.problem(found.source, found.problem)
      continue
    }
    const size = await sizeOf(found)
    if (batch.length > 0 && (batch.length === BATCH_MAX || bytes + size > BATCH_BYTES_WANTED || isFilm(found))) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push({ item: found, id: ids.next(found.id, found.source) })
    bytes += size
  }
  if (batch.length > 0) yield batch
}

async function sizeOf({ medium }: ImportItem): Promise<number> {
  if (medium.from === 'text') return medium.text.length
  return medium.from === 'file' ? (await stat(medium.path)).size : 0
}

// Films are large, and the original takes one in a request.
const isFilm = ({ medium }: ImportItem): boolean =>
  (medium.from === 'file' && kindByName(medium.path) === 'video') || (medium.from === 'url' && medium.kind === 'video')
