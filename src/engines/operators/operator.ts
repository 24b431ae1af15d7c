import type { Data } from '../../contract/index.ts'
import type { Engine, EngineItem, EngineSetup } from '../engine.ts'

/** What an operator does with one item, once it is set up. */
export type Step = (item: EngineItem) => Data | Promise<Data>

/**
 * Makes the engine of a workflow operator. `prepare` reads the node's parameters once per batch and throws AppError
 * 21202 for those it cannot work with, so it loads nothing; the step it gives answers one item.
 */
export function operator(name: string, prepare: (setup: EngineSetup) => Step | Promise<Step>): Engine {
  return {
    name,
    weights: [],
    check: async (setup) => void (await prepare(setup)),
    load: async () => ({
      bytes: 0,
      infer: async (items, setup) => {
        const step = await prepare(setup)
        const answers: Data[] = []
        for (const item of items) {
          item.scope.signal.throwIfAborted()
          answers.push(await step(item))
        }
        return answers
      },
      dispose: async () => {},
    }),
  }
}
