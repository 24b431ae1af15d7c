import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, DataSchema, type Input } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { DEFAULT_SAMPLE_MS, MAX_SAMPLE_MS, MIN_SAMPLE_MS } from '../../media/limits.ts'
import { createInputResolver, type InputResolver } from '../../media/resolve-input.ts'
import { readBlobRef } from '../../weights/blob-ref.ts'
import { isHubId } from '../../weights/hub/catalogue.ts'
import { isWeightId } from '../../weights/manifest.ts'
import type { Compiled } from '../../workflow/compile/index.ts'
import { ANY_FIELD, rootOf } from '../../workflow/fields.ts'
import type { InputResult, Plan, RunOptions } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'
import { checkServed } from './runnable.ts'
import type { Stream } from './state.ts'

/** What became of one input: the results of its nodes, or why it never got that far. */
export type Ran = { readonly result: InputResult } | { readonly error: AppError }

/** How inputs are run beyond what the plan says. */
export interface InputOptions {
  /** Milliseconds between two frames of a video; 0 for what the app says. */
  readonly sampleMs?: number
  /** The stream that the inputs are the next part of, in their order. */
  readonly stream?: Stream
}

/** Runs a compiled plan on inputs; each input fails by itself, the call only where nothing could run at all. */
export async function runInputs(
  call: Call,
  compiled: Compiled,
  inputs: readonly Input[],
  { sampleMs = 0, stream }: InputOptions = {},
): Promise<Ran[]> {
  for (const { model } of compiled.nodes) checkServed(model)
  const options = {
    ...(compiled.plan.nodes.some(({ served }) => served) && { served: await servedBy(call) }),
    sampleMs: checkSampleMs(sampleMs || call.target.app?.sampleMs || DEFAULT_SAMPLE_MS),
  }
  const resolver = createInputResolver(call.services.fetcher, call.signal)
  const handed = handedOver(compiled)
  // The weights may have to be fetched, which is no reason to wait with the media.
  const [files, resolved] = await Promise.all([
    weightFiles(call, compiled.plan),
    Promise.all(inputs.map((input) => resolveOne(resolver, input, handed))),
  ])
  const usable = resolved.flatMap((item) => ('data' in item ? [item.data] : []))
  const run = (part: readonly Data[], more?: Pick<RunOptions, 'memory'>): Promise<InputResult[]> =>
    call.services.runtime.run(compiled.plan, files, part, { ...options, ...more }, call.signal)
  const results = stream ? await runInTurn(usable, stream, run) : usable.length === 0 ? [] : await run(usable)
  let next = 0
  return resolved.map((item) => ('data' in item ? { result: results[next++]! } : item))
}

/** Runs a compiled plan on data that are at hand, such as what a model has answered, as they are. */
export async function runData(call: Call, compiled: Compiled, data: readonly Data[]): Promise<InputResult[]> {
  for (const { model } of compiled.nodes) checkServed(model)
  const options = {
    ...(compiled.plan.nodes.some(({ served }) => served) && { served: await servedBy(call) }),
    sampleMs: call.target.app?.sampleMs || DEFAULT_SAMPLE_MS,
  }
  return call.services.runtime.run(compiled.plan, await weightFiles(call, compiled.plan), data, options, call.signal)
}

/** The nodes that the server does itself may search, which few workflows want. */
async function servedBy(call: Call): Promise<RunOptions['served']> {
  const { runServed } = await import('../search/operators/index.ts')
  return (engine, items, setup) => runServed(call, engine, items, setup)
}

/** Runs the inputs of a stream one after the other: each goes on from what nodes have seen in the one before. */
async function runInTurn(
  inputs: readonly Data[],
  stream: Stream,
  run: (part: readonly Data[], more: Pick<RunOptions, 'memory'>) => Promise<InputResult[]>,
): Promise<InputResult[]> {
  const results: InputResult[] = []
  for (const input of inputs) {
    const [result] = await run([input], { memory: stream.memory })
    if (result?.memory) stream.memory = result.memory
    results.push(result!)
  }
  return results
}

/** Refuses a sampling interval out of range. */
function checkSampleMs(sampleMs: number): number {
  if (sampleMs >= MIN_SAMPLE_MS && sampleMs <= MAX_SAMPLE_MS) return sampleMs
  throw new AppError(
    StatusCode.PREDICT_INVALID_REQUEST,
    `sample_ms is ${sampleMs}; use ${MIN_SAMPLE_MS} to ${MAX_SAMPLE_MS}.`,
  )
}

/** The files of the weights that a plan needs, fetched where they are not there yet. */
export async function weightFiles(call: Call, plan: Plan): Promise<Record<string, Record<string, string>>> {
  const ids = [...new Set(plan.nodes.flatMap((node) => node.weights))].filter((id) => isWeightId(id) || isHubId(id))
  const ready = await Promise.all(ids.map((id) => call.services.weights.filesOf(id, { signal: call.signal })))
  const files = Object.fromEntries(ids.map((id, at) => [id, ready[at]!]))
  for (const id of plan.nodes.flatMap((node) => node.weights)) {
    const blob = readBlobRef(id)
    if (blob) files[id] = { [blob.role]: await call.services.blobs.file(blob.hash) }
  }
  return files
}

/** What nodes find and others work on. */
const FOUND = ['regions', 'concepts', 'embeddings', 'frames'] as const
type Found = (typeof FOUND)[number]

/**
 * Fields that a caller may hand over as a node before would: those of an operator that is called alone. Anywhere else
 * what the caller says of a picture must not pass for something that a model has found.
 */
function handedOver({ plan }: Compiled): readonly Found[] {
  const [node] = plan.nodes
  if (!plan.single || plan.nodes.length > 1 || !node || node.isModel) return []
  const roots = node.inputFields.flatMap((entry) => entry.split(',')).map(rootOf)
  return FOUND.filter((field) => roots.includes(field) || roots.includes(ANY_FIELD))
}

async function resolveOne(
  resolver: InputResolver,
  input: Input,
  handed: readonly Found[],
): Promise<{ readonly data: Data } | { readonly error: AppError }> {
  try {
    const { data: sent } = input
    const found = handed.filter((field) => sent !== undefined && sent[field].length > 0)
    const bare = found.length > 0 && !sent?.image && !sent?.video && !sent?.audio && !sent?.text
    const media = bare ? [] : await resolver.resolve(sent)
    const data = create(DataSchema, { metadata: sent?.metadata, geo: sent?.geo })
    for (const field of found) Object.assign(data, { [field]: sent![field] })
    for (const medium of media) {
      if (medium.kind === 'text') data.text = { ...blankText, raw: medium.text }
      else if (medium.kind === 'image') data.image = { ...blankImage, base64: medium.bytes }
      else if (medium.kind === 'video') data.video = { ...blankVideo, base64: medium.bytes }
      else data.audio = { ...blankAudio, base64: medium.bytes }
    }
    return { data }
  } catch (error) {
    if (error instanceof AppError) return { error }
    throw error
  }
}

const { text, image, video, audio } = create(DataSchema, { text: {}, image: {}, video: {}, audio: {} })
const [blankText, blankImage, blankVideo, blankAudio] = [text!, image!, video!, audio!]
