/** Keeps the models that were fetched from a hub, on demand only. */

import { readFileSync, statSync } from 'node:fs'
import { copyFile, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Log } from '../../base/log.ts'
import { convertInWorker } from '../convert/in-worker.ts'
import { withLock } from '../lock.ts'
import type { Progress } from '../package-job.ts'
import { WeightProblem } from '../problems.ts'
import { digestOf, download, type Expected, type Fetch, type Fetched } from './download.ts'
import { findLocal } from './find-local.ts'
import { FirstUse } from './first-use.ts'
import type { HubCatalogue, HubSource } from './types.ts'

/** Settings of the store. */
export interface HubStoreOptions {
  /** Folder of the models; shared with those that come from npm packages. */
  readonly dir: string
  readonly log: Log
  /** Address of the hub, without a slash at the end. */
  readonly base: string
  readonly catalogue: HubCatalogue
  readonly fetch: Fetch
  /** Replaces the pause between attempts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** The kept files of a model by key. */
export type HubFiles = Record<string, string>

/** Whether and how a model could be installed. */
export type HubOutcome = { readonly files: HubFiles } | { readonly reason: string }

/** What the marker file says; it is written last, so its presence means that the folder is whole. */
interface Marker {
  readonly repository: string
  readonly revision: string
  readonly license: string
  readonly provenance: string
  readonly sources: Readonly<Record<string, Fetched>>
  /** Sizes by file name. */
  readonly files: Readonly<Record<string, number>>
}

const MARKER = 'hub.json'
const WORK = '.work'

/** Names of the kept files by key. */
function keptNames({ files, conversion }: HubSource): Record<string, string> {
  if (conversion) return Object.fromEntries(Object.entries(conversion.outputs).map(([key, { file }]) => [key, file]))
  // Data that a model file names lies beside it, so names stay; folders are dropped.
  return Object.fromEntries(
    Object.entries(files).map(([key, { path }]) => [key, path.slice(path.lastIndexOf('/') + 1)]),
  )
}

/** The models of a hub in a folder; several processes may share it. */
export class HubStore {
  readonly #options: HubStoreOptions
  readonly #firstUse: FirstUse

  constructor(options: HubStoreOptions) {
    this.#options = options
    this.#firstUse = new FirstUse(options.dir)
  }

  /** Whether a model is in the list. */
  has(id: string): boolean {
    return Object.hasOwn(this.#options.catalogue, id)
  }

  /** All models of the list with whether they are there. */
  list(): { id: string; source: HubSource; isReady: boolean }[] {
    return Object.entries(this.#options.catalogue).map(([id, source]) => ({
      id,
      source,
      isReady: this.files(id) !== undefined,
    }))
  }

  /** The kept files of a model, or undefined when it was not fetched yet. */
  files(id: string): HubFiles | undefined {
    const source = this.#source(id)
    const folder = this.#folder(id)
    try {
      const marker = JSON.parse(readFileSync(join(folder, MARKER), 'utf8')) as Marker
      if (marker.repository !== source.repository || marker.revision !== source.revision) return undefined
      const names = Object.entries(keptNames(source))
      for (const [, name] of names) if (statSync(join(folder, name)).size !== marker.files[name]) return undefined
      return Object.fromEntries(names.map(([key, name]) => [key, join(folder, name)]))
    } catch {
      // Never fetched, or damaged by something outside: either way it has to be fetched.
      return undefined
    }
  }

  /** Fetches a model; a download that was broken off goes on where it stopped. Rejects only when `signal` aborts. */
  pull(id: string, signal: AbortSignal, onProgress: (progress: Progress) => void = () => {}): Promise<HubOutcome> {
    return this.#install(id, signal, onProgress, (work, key, path, expected) =>
      this.#fetch(id, work, key, path, expected, signal, onProgress),
    )
  }

  /** Takes a model from a folder that holds a copy of its repository; undefined when it is not there. */
  async importFrom(dir: string, id: string, signal: AbortSignal): Promise<HubOutcome | undefined> {
    const paths = await findLocal(dir, id, this.#source(id))
    if (!paths) return undefined
    return this.#install(
      id,
      signal,
      () => {},
      async (work, key, _path, expected) => {
        const target = join(work, key)
        await copyFile(paths[key]!, target)
        const fetched = { sha256: await digestOf(target, signal), bytes: (await stat(target)).size }
        const isOther = expected.sha256 !== undefined && expected.sha256 !== fetched.sha256
        if (!isOther) return fetched
        throw new WeightProblem(`the copy has the checksum ${fetched.sha256} instead of ${expected.sha256}`)
      },
    )
  }

  #source(id: string): HubSource {
    return this.#options.catalogue[id]!
  }

  #folder(id: string): string {
    return join(this.#options.dir, id, 'hub')
  }

  async #fetch(
    id: string,
    work: string,
    key: string,
    path: string,
    expected: Expected,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
  ): Promise<Fetched> {
    const { base, fetch, pause } = this.#options
    const { repository, revision } = this.#source(id)
    const target = join(work, key)
    // A file that came in full before something else failed is not fetched again.
    const done = JSON.parse(await readFile(`${target}.done`, 'utf8').catch(() => 'null')) as Fetched | null
    if (done && (await stat(target).catch(() => undefined))?.size === done.bytes) return done
    const url = `${base}/${repository}/resolve/${encodeURIComponent(revision)}/${path.split('/').map(encodeURIComponent).join('/')}`
    const fetched = await download({
      url,
      target,
      expected,
      fetch,
      signal,
      pause,
      onBytes: (doneBytes, totalBytes) => onProgress({ id, phase: 'download', doneBytes, totalBytes }),
    })
    await writeFile(`${target}.done`, JSON.stringify(fetched))
    return fetched
  }

  async #install(
    id: string,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
    get: (work: string, key: string, path: string, expected: Expected) => Promise<Fetched>,
  ): Promise<HubOutcome> {
    const { dir, log } = this.#options
    const source = this.#source(id)
    try {
      await mkdir(join(dir, WORK), { recursive: true })
      const files = await withLock(join(dir, WORK, `hub-${id}.lock`), signal, async () => {
        // Another process may have been faster while this one waited for the lock.
        const there = this.files(id)
        if (there) return there
        const work = join(dir, WORK, `hub-${id}`)
        await mkdir(work, { recursive: true })
        const sources: Record<string, Fetched> = {}
        for (const [key, { path, ...pinned }] of Object.entries(source.files)) {
          sources[key] = await this.#checked(source, path, pinned, (expected) => get(work, key, path, expected))
        }
        onProgress({ id, phase: 'convert' })
        await this.#publish(id, work, sources, signal)
        await this.#remember(source, sources)
        await rm(work, { recursive: true, force: true })
        return this.files(id)
      })
      return files ? { files } : { reason: 'the installed files disappeared' }
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ err: error, model: id }, 'a model of the hub could not be installed')
      return { reason: reasonOf(error, source) }
    }
  }

  /** Gets one file under what is known of it: stated by its publisher, or remembered from the first time. */
  async #checked(
    { repository, revision }: HubSource,
    path: string,
    pinned: Expected,
    get: (expected: Expected) => Promise<Fetched>,
  ): Promise<Fetched> {
    const remembered = pinned.sha256 ? undefined : await this.#firstUse.expected(repository, revision, path)
    try {
      return await get(remembered ?? pinned)
    } catch (error) {
      if (!remembered || !(error instanceof WeightProblem)) throw error
      throw new WeightProblem(
        `${path}: ${error.message} (remembered from the first download; if the change is meant, take its line out of hub-first-use.json)`,
      )
    }
  }

  async #publish(id: string, work: string, sources: Marker['sources'], signal: AbortSignal): Promise<void> {
    const source = this.#source(id)
    const { repository, revision, modelLicense, provenance, conversion } = source
    const finished = join(work, 'finished')
    await rm(finished, { recursive: true, force: true })
    await mkdir(finished)
    const names = keptNames(source)
    if (conversion) {
      const metadata = { source: `hub:${repository}@${revision}`, license: modelLicense.id, provenance }
      const job = {
        conversion: { kind: conversion.kind, ggml: conversion.ggml },
        outputs: conversion.outputs,
        metadata,
      }
      await convertInWorker({ ...job, sourceDir: work, outputDir: finished }, signal)
    } else {
      for (const [key, name] of Object.entries(names)) {
        await link(join(work, key), join(finished, name)).catch(() => copyFile(join(work, key), join(finished, name)))
      }
    }
    const files: Record<string, number> = {}
    for (const name of Object.values(names)) files[name] = (await stat(join(finished, name))).size
    const marker: Marker = { repository, revision, license: modelLicense.id, provenance, sources, files }
    await writeFile(join(finished, MARKER), `${JSON.stringify(marker, null, 2)}\n`, { flush: true })
    const target = this.#folder(id)
    await rm(target, { recursive: true, force: true })
    await mkdir(dirname(target), { recursive: true })
    await rename(finished, target)
  }

  async #remember({ repository, revision, files }: HubSource, sources: Marker['sources']): Promise<void> {
    const came = Object.entries(files).map(([key, { path }]) => ({ path, ...sources[key]! }))
    await withLock(join(this.#options.dir, WORK, 'hub-first-use.lock'), new AbortController().signal, () =>
      this.#firstUse.remember(repository, revision, came, new Date()),
    )
  }
}

function reasonOf(error: unknown, { repository }: HubSource): string {
  if (error instanceof WeightProblem) return `${repository}: ${error.message}`
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk that holds the models is full'
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return 'the folder that holds the models is not writable'
  return `${repository} could not be installed (the log says why)`
}
