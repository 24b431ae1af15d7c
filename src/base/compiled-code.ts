import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'

/**
 * What a process or thread of the server needs in its environment to use the compiled code that the server itself
 * uses, if it does: it starts sooner with it, and without the TypeScript compiler it takes less memory.
 */
export function compiledCodeEnvironment(): { NODE_COMPILE_CACHE?: string } {
  const cache = getCompileCacheDir()
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }
}
