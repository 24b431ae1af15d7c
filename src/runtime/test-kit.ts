/** Plans and inputs for tests of the worker pool. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { silentLog } from '../base/log.ts'
import { type Data, DataSchema } from '../contract/index.ts'
import type { InputResult, Plan } from '../workflow/plan.ts'
import { createRuntime, type RuntimeOptions } from './host/runtime.ts'
import type { Runtime } from './protocol.ts'
import type { TestAnswer, TestOrder } from './test-engines.ts'

/** A plan of one node. */
export function planOf(engine: string, inputFields: readonly string[], changes: Partial<Plan> = {}): Plan {
  const limits = { maxConcepts: 20, minValue: 0, selectConcepts: [] }
  const node = { id: 'node', inputs: [], engine, weights: [], params: {}, concepts: [], limits, inputFields }
  return {
    hash: `${engine} ${inputFields}`,
    nodes: [{ ...node, outputFields: [], isModel: false, suppressOutput: false }],
    layers: [[0]],
    ...changes,
  }
}

/** The plan that runs the obeying test engine. */
export const OBEY = planOf('test-obey', ['text'])

/** An input that carries an order, and perhaps image bytes. */
export function order(what: TestOrder, image?: Uint8Array): Data {
  return create(DataSchema, { text: { raw: JSON.stringify(what) }, ...(image && { image: { base64: image } }) })
}

/** What the test engine answered to an input; fails the test when it answered an error. */
export function answerOf(result: InputResult | undefined): TestAnswer {
  const node = result?.nodes[0]
  if (!node?.data?.text) throw new Error(`no answer but ${node?.code} ${node?.details}`)
  return JSON.parse(node.data.text.raw) as TestAnswer
}

/** A pool with the test engines that is closed when the test ends. */
export function startRuntime(t: TestContext, options: Partial<RuntimeOptions> = {}): Runtime {
  const engineModule = new URL('test-engines.ts', import.meta.url).href
  const runtime = createRuntime({ workers: 1, log: silentLog, engineModule, closeGraceMs: 0, ...options })
  t.after(() => runtime.close())
  return runtime
}

/** A folder that is removed when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'limpid-runtime-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
