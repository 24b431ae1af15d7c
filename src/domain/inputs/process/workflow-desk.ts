import { create } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { AnnotationSchema, type Data, DataSchema, type Input, InputSchema } from '../../../contract/index.ts'
import { decodeDoc } from '../../../contract/json/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { MAX_TEXT_BYTES, MAX_VIDEO_URL_BYTES } from '../../../media/limits.ts'
import { inputLevelRows } from '../../../store/repos/annotations.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { ANY_FIELD } from '../../../workflow/fields.ts'
import type { Call } from '../../call.ts'
import { type Ran, runInputs } from '../../predict/run.ts'
import { type ReadyWorkflow, readyWorkflow } from '../../predict/workflow.ts'
import { type Acting, actingOnFailure } from './acting.ts'
import { Batches } from './batches.ts'
import { GOES_AT_ONCE, PREDICTED_BYTES_MAX, PREDICTED_TOGETHER } from './limits.ts'
import { type MadeAnnotation, madeBy } from './made-annotations.ts'
import type { ReadyMedium } from './media-desk.ts'

interface Item {
  readonly input: Row<'inputs'>
  readonly media: readonly ReadyMedium[]
  readonly sampleMs: number
}

/** Sends inputs through the app's default workflow, many at a time. */
export class WorkflowDesk {
  readonly #call: Call
  readonly #running = new Map<number, Batches<Item, Ran>>()

  constructor(call: Call) {
    this.#call = call
  }

  /**
   * What the models of the workflow say about an input, and what its nodes want done; throws AppError where the workflow
   * could not run on it.
   */
  async run(
    input: Row<'inputs'>,
    media: readonly ReadyMedium[],
  ): Promise<{ readonly annotations: MadeAnnotation[]; readonly acting?: Acting }> {
    const workflow = await this.#workflow()
    if (!workflow || workflow.plan.nodes.length === 0) return { annotations: [] }
    const { settings } = decodeDoc(InputSchema, input.doc)
    const ran = await this.#batchesFor(settings?.sampleRateMs ?? 0).add({
      input,
      media,
      sampleMs: settings?.sampleRateMs ?? 0,
    })
    if ('error' in ran) throw ran.error
    const annotations = madeBy(workflow, ran.result)
    const { effects } = ran.result
    return effects ? { annotations, acting: { workflow, effects } } : { annotations }
  }

  /** What is to be done for an input that failed. */
  async failed(): Promise<Acting | undefined> {
    // Where the workflow itself is what is wrong, nobody can be told.
    return actingOnFailure(await this.#workflow().catch(() => undefined))
  }

  /** The workflow as it is now: looked up again for every input, which costs little as plans are kept. */
  async #workflow(): Promise<ReadyWorkflow | undefined> {
    try {
      return await readyWorkflow(this.#call, { workflowId: '', versionId: '', favorClarifaiWorkflows: false })
    } catch (error) {
      if (error instanceof AppError && error.code === StatusCode.WORKFLOW_DOES_NOT_EXIST) return undefined
      throw error
    }
  }

  #batchesFor(sampleMs: number): Batches<Item, Ran> {
    let batches = this.#running.get(sampleMs)
    if (!batches) {
      batches = new Batches((items) => this.#runTogether(items, sampleMs), {
        most: PREDICTED_TOGETHER,
        atOnce: GOES_AT_ONCE,
        weightMax: PREDICTED_BYTES_MAX,
        weigh: ({ media }) => media.reduce((sum, { original }) => sum + sizeOf(original), 0),
      })
      this.#running.set(sampleMs, batches)
    }
    return batches
  }

  async #runTogether(items: readonly Item[], sampleMs: number): Promise<readonly Ran[]> {
    const workflow = await this.#workflow()
    if (!workflow) return items.map(() => ({ result: { nodes: [] } }))
    const known = await this.#knownOf(workflow, items)
    const inputs = await Promise.all(items.map((item) => this.#asInput(item.media, known.get(item.input.pk))))
    try {
      return await runInputs(this.#call, workflow, inputs, { sampleMs })
    } catch (error) {
      this.#call.signal.throwIfAborted()
      if (!(error instanceof AppError)) throw error
      if (items.length === 1) return [{ error }]
      // One of them may have taken the others along.
      const alone: Ran[] = []
      for (const item of items) alone.push(...(await this.#runTogether([item], sampleMs)))
      return alone
    }
  }

  /** Metadata and place of inputs, where a node of the workflow may look at them. */
  async #knownOf({ plan }: ReadyWorkflow, items: readonly Item[]): Promise<ReadonlyMap<number, Known>> {
    if (!plan.nodes.some(({ inputFields }) => inputFields.includes(ANY_FIELD))) return new Map()
    const pks = items.map(({ input }) => input.pk)
    const labels = await inputLevelRows(this.#call.services.db.read, pks)
    return new Map([...labels].map(([pk, row]) => [pk, decodeDoc(AnnotationSchema, row.doc).data ?? {}]))
  }

  async #asInput(media: readonly ReadyMedium[], known?: Known): Promise<Input> {
    const { blobs } = this.#call.services
    const data: Data = create(DataSchema, { metadata: known?.metadata, geo: known?.geo })
    for (const { kind, original } of media) {
      const bytes = original instanceof Uint8Array ? original : await blobs.bytes(original.hash, MAX_VIDEO_URL_BYTES)
      if (kind === 'text') data.text = textOf(bytes)
      else data[kind] = { ...blank[kind]!, base64: bytes } as never
    }
    return create(InputSchema, { data })
  }
}

type Known = Partial<Pick<Data, 'metadata' | 'geo'>>

const blank = create(DataSchema, { image: {}, video: {}, audio: {}, text: {} })

const textOf = (bytes: Uint8Array): Data['text'] => ({
  ...blank.text!,
  raw: new TextDecoder().decode(bytes.subarray(0, MAX_TEXT_BYTES)),
})

const sizeOf = (original: ReadyMedium['original']): number =>
  original instanceof Uint8Array ? original.length : original.size
