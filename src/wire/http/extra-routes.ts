import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers a request that is no RPC: health, metrics, login, portal. A rejection is logged and answered with 99009. */
export type ExtraHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void> | void

/** Finds such a handler by the path of the URL, without its query. A Map serves exact paths. */
export interface ExtraRoutes {
  get(path: string): ExtraHandler | undefined
}

/** Several sets of routes as one; the first that knows a path serves it. */
export function joinRoutes(...sets: readonly ExtraRoutes[]): ExtraRoutes {
  return {
    get(path) {
      for (const set of sets) {
        const handler = set.get(path)
        if (handler) return handler
      }
      return undefined
    },
  }
}
