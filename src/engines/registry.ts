import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Engine } from './engine.ts'

/** Where each engine is found; modules are imported when a plan first names them, so a worker holds what it uses. */
const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  'coco-ssd': async () => (await import('./coco-ssd/engine.ts')).cocoSsd,
  'coco-tags': async () => (await import('./coco-ssd/engine.ts')).cocoTags,
  'mobilenet-v3-embed': async () => (await import('./mobilenet-v3/engine.ts')).mobilenetV3Embed,
}

/** Names of the engines with weights or classical algorithms; operators are found through the registry as well. */
export const engineNames: readonly string[] = Object.keys(ENGINES)

/** Finds engines by name. */
export interface EngineRegistry {
  /** Rejects with AppError 21353 for a name that nothing stands for. */
  find(name: string): Promise<Engine>
}

/** The registry of this program, with further engines (of tests, of plug-ins) that win over its own. */
export function createRegistry(extra: readonly Engine[] = []): EngineRegistry {
  const known = new Map<string, Promise<Engine>>(extra.map((engine) => [engine.name, Promise.resolve(engine)]))
  return {
    find(name) {
      let engine = known.get(name)
      if (!engine) {
        engine = importEngine(name)
        known.set(name, engine)
        engine.catch(() => known.delete(name))
      }
      return engine
    },
  }
}

async function importEngine(name: string): Promise<Engine> {
  if (Object.hasOwn(ENGINES, name)) return ENGINES[name]!()
  const { operators } = await import('./operators/index.ts')
  const operator = operators.find((candidate) => candidate.name === name)
  if (operator) return operator
  throw new AppError(StatusCode.MODEL_NOT_DEPLOYED, `This server has no engine '${name}' to run the model with.`)
}
