import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { newId } from '../../src/base/ids.ts'
import { silentLog } from '../../src/base/log.ts'
import { loadConfig } from '../../src/config/config.ts'
import { WeightStore } from '../../src/weights/store.ts'
import { Child } from './child.ts'
import type { Head } from './predict-case.ts'

/** Where a server keeps its models by default, so that a benchmark downloads nothing that is there already. */
export const MODELS = resolve(loadConfig(process.env).dataDir, 'models')

/** The file of the image embedding, fetched and converted first if it is not there. */
export async function embedderFile(): Promise<string> {
  await mkdir(MODELS, { recursive: true })
  const { files } = await new WeightStore({ dir: MODELS, log: silentLog, autoPull: true }).ensure('mobilenet-v3-small')
  return files.model
}

/** The unit of times in /proc, the same on all systems that Node runs on. */
const TICKS_PER_SECOND = 100

/** User and system time of a process in ticks; rejects without /proc. */
async function ticksOf(pid: string): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name in brackets may hold blanks; after it come the state and then the numbers from the fourth on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** The data of a server and the token that opens it. */
export interface Place {
  readonly folder: string
  readonly key: string
}

/** A server as operators start it, with a database of its own. */
export class Limpid {
  readonly child: Child
  readonly place: Place
  port = 0

  private constructor(child: Child, place: Place) {
    this.child = child
    this.place = place
  }

  /** Starts it and waits until it is ready; with `place` where another one has stopped and kept its data. */
  static async start(workers: number, place?: Place): Promise<Limpid> {
    const { folder, key } = place ?? { folder: await mkdtemp(join(tmpdir(), 'limpid-bench-')), key: newId() }
    if (!place) await symlink(MODELS, join(folder, 'models'))
    const settings = ['--port', '0', '--data-dir', folder, '--pat', key, '--workers', String(workers), '--log', 'warn']
    const server = new Limpid(new Child('../bin/limpid.js', ['serve', ...settings]), { folder, key })
    const line = await server.child.line()
    server.port = Number(/^limpid listening on http:\/\/[^:]+:(\d+)$/.exec(line)?.[1])
    return server
  }

  get headers(): Record<string, string> {
    return { authorization: `Key ${this.place.key}` }
  }

  /** Sends JSON; rejects unless the answer is a success. */
  async post(path: string, body: object): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method: 'POST',
      headers: { ...this.headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    const answer = JSON.parse(text)
    if (response.status !== 200 || answer.status.code !== 10000) throw new Error(`POST ${path}: ${text}`)
    return answer
  }

  /** Processor time of the server and its workers so far, in seconds; undefined where the system does not tell. */
  async cpuSeconds(): Promise<{ server: number; workers: number } | undefined> {
    const metrics = await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text()
    const pids = [...metrics.matchAll(/^limpid_worker_resident_bytes\{pid="(\d+)"\}/gm)].map((match) => match[1]!)
    const { cpuMicros } = await this.child.probe()
    try {
      const ticks = await Promise.all(pids.map(ticksOf))
      return { server: cpuMicros / 1e6, workers: ticks.reduce((a, b) => a + b, 0) / TICKS_PER_SECOND }
    } catch {
      return undefined
    }
  }

  /** Makes an app `bench` with the heads as models and a workflow `heads` of the embedding and all of them. */
  async makeWorkflow(heads: readonly Head[]): Promise<void> {
    const embedder = { id: 'general-image-embedding', userId: 'clarifai', appId: 'main' }
    const inApp = '/v2/users/me/apps/bench'
    await this.post('/v2/users/me/apps', { apps: [{ id: 'bench' }] })
    for (const [at, { weights, bias }] of heads.entries()) {
      const id = `head-${at}`
      const concepts = bias.map((_, row) => ({ id: `concept-${at}-${row}` }))
      await this.post(`${inApp}/models`, { models: [{ id, modelTypeId: 'embedding-classifier' }] })
      await this.post(`${inApp}/models/${id}/versions`, {
        modelVersions: [
          {
            inputInfo: { baseEmbedModel: embedder },
            outputInfo: { data: { concepts }, params: { weights, bias } },
          },
        ],
      })
    }
    const nodes = heads.map((_, at) => ({
      id: `head-${at}`,
      model: { id: `head-${at}` },
      nodeInputs: [{ nodeId: 'embedding' }],
    }))
    await this.post(`${inApp}/workflows`, {
      workflows: [{ id: 'heads', nodes: [{ id: 'embedding', model: embedder }, ...nodes] }],
    })
  }

  /** Stops the server and, unless another one is to start there, removes its data. */
  async stop(keepData = false): Promise<void> {
    await this.child.stop()
    if (!keepData) await rm(this.place.folder, { recursive: true, force: true })
  }
}
