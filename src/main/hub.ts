import { join } from 'node:path'
import type { EnvHttpProxyAgent } from 'undici'
import type { Log } from '../base/log.ts'
import type { Config } from '../config/config.ts'
import { hubCatalogue } from '../weights/hub/catalogue.ts'
import type { Fetch } from '../weights/hub/download.ts'
import { HubStore } from '../weights/hub/store.ts'

/** The optional models of a data folder, fetched through the proxy that the environment names. */
export function openHub({ dataDir, hub }: Pick<Config, 'dataDir' | 'hub'>, log: Log): HubStore {
  let proxied: EnvHttpProxyAgent | undefined
  const viaProxy: Fetch = async (url, init) => {
    // Loaded when something is fetched: it takes 6 MB, and most servers have their models already.
    const { EnvHttpProxyAgent, fetch } = await import('undici')
    proxied ??= new EnvHttpProxyAgent()
    // The two kinds of Response differ in names only.
    return (await fetch(url, { ...init, dispatcher: proxied })) as unknown as Response
  }
  return new HubStore({ dir: join(dataDir, 'models'), log, base: hub, catalogue: hubCatalogue, fetch: viaProxy })
}
