import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import type { RemoteSettings } from '../workflow/remote.ts'
import { LINKS_MAX } from './limits.ts'
import type { Link, LinkLimits } from './link.ts'

/** The links to remote servers, one for each model version, so that its failures and its calls are counted together. */
export class Links {
  readonly #fetcher: Pick<Fetcher, 'send' | 'open' | 'fetchBytes'>
  readonly #limits: Partial<LinkLimits>
  readonly #links = new Map<string, Link>()

  constructor(fetcher: Pick<Fetcher, 'send' | 'open' | 'fetchBytes'>, limits: Partial<LinkLimits> = {}) {
    this.#fetcher = fetcher
    this.#limits = limits
  }

  /** The fetcher behind the links, for files that a server only names. */
  get fetcher(): Pick<Fetcher, 'fetchBytes'> {
    return this.#fetcher
  }

  /** The link of a model version; settings that have been changed since make a fresh one. */
  async get(settings: RemoteSettings): Promise<Link> {
    // Servers without remote models never need what links are made of.
    const { Link } = await import('./link.ts')
    const { versionId } = settings
    let link = this.#links.get(versionId)
    if (link === undefined || JSON.stringify(link.settings) !== JSON.stringify(settings)) {
      link = new Link(settings, this.#fetcher, this.#limits)
    }
    // Put at the end: the first is always the one that was used longest ago.
    this.#links.delete(versionId)
    this.#links.set(versionId, link)
    if (this.#links.size > LINKS_MAX) this.#links.delete(this.#links.keys().next().value!)
    return link
  }
}
