/* Runs engines in this process on real weights, for figures of quality rather than speed. */

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { Data } from '../../src/contract/index.ts'
import { type DataSchema, ImageSchema } from '../../src/contract/index.ts'
import type { EngineSetup, LoadedEngine } from '../../src/engines/engine.ts'
import { createRegistry } from '../../src/engines/registry.ts'
import { materialise } from '../../src/engines/scope.ts'
import { itemOf, loadForTest, PLAIN } from '../../src/engines/test-weights.ts'

type Input = MessageInitShape<typeof DataSchema>

const registry = createRegistry()
const loaded = new Map<string, Promise<LoadedEngine>>()

/** Answers inputs one after the other; engines stay loaded until `release`. */
export async function ask(engine: string, inputs: readonly Input[], setup: EngineSetup = PLAIN): Promise<Data[]> {
  let ready = loaded.get(engine)
  if (!ready) {
    ready = registry.find(engine).then(loadForTest)
    loaded.set(engine, ready)
  }
  const answers: Data[] = []
  for (const input of inputs) {
    const [answer] = await (await ready).infer([itemOf(input)], setup)
    answers.push(await materialise(answer!))
  }
  return answers
}

/** Frees all engines that were asked. */
export async function release(): Promise<void> {
  const all = await Promise.all(loaded.values())
  loaded.clear()
  await Promise.all(all.map((engine) => engine.dispose()))
}

/** An input that is a picture file. */
export const picture = (base64: Uint8Array): Input => ({ image: create(ImageSchema, { base64 }) })

/** An input that is a text. */
export const text = (raw: string): Input => ({ text: { raw } })

/** The vector of an answer. */
export const vectorOf = (data: Data): number[] => data.embeddings[0]?.vector ?? []

/** The concept with the highest value. */
export const bestOf = (data: Data): string =>
  data.concepts.reduce((best, concept) => (concept.value > best.value ? concept : best), data.concepts[0]!).name
