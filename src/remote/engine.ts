import { AppError } from '../base/errors.ts'
import type { EngineItem, LoadedEngine } from '../engines/engine.ts'
import type { Runtime } from '../runtime/protocol.ts'
import type { RemoteSettings } from '../workflow/remote.ts'
import type { Links } from './links.ts'
import { askOip } from './oip/engine.ts'
import { type Answers, askOpenAi } from './openai/engine.ts'

/** What remote engines work with. */
export interface RemoteTools {
  readonly links: Links
  /** Does what needs pixels. */
  readonly local: Runtime
}

/**
 * A remote model version as an engine of one run.
 *
 * A batch in which an item fails is asked for again item by item; what has been answered then stands, as every call
 * of a remote model may cost money.
 */
export function remoteEngine(settings: RemoteSettings, { links, local }: RemoteTools): LoadedEngine {
  const known = new WeakMap<EngineItem, AppError | Answers[number]>()
  return {
    bytes: 0,
    dispose: async () => {},
    async infer(items, setup) {
      const fresh = items.filter((item) => !known.has(item))
      if (fresh.length > 0) {
        const link = await links.get(settings)
        const answers =
          settings.runtime === 'openai'
            ? await askOpenAi(link, links, fresh, setup)
            : await askOip(link, local, fresh, setup)
        for (const [at, item] of fresh.entries()) known.set(item, answers[at]!)
      }
      return items.map((item) => {
        const answer = known.get(item)!
        if (answer instanceof AppError) throw answer
        return answer
      })
    },
  }
}
