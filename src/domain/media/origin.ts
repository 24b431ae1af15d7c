/** Hosts that a server listens on but that nobody can call. */
const ANY_HOST = /^(https?:\/\/)(?:0\.0\.0\.0|\[::\])(?=[:/]|$)/

/** The origin under which clients reach this server: as the operator sets it, else where it listens. */
export class PublicOrigin {
  #url: string

  constructor(configured: string | undefined) {
    this.#url = configured ?? ''
  }

  /** Such as `https://ai.example.org`; empty until the server listens, unless it is set. */
  get url(): string {
    return this.#url
  }

  /** Tells where the server listens, which counts when nothing is set. */
  listensOn(url: string): void {
    if (this.#url === '') this.#url = url.replace(ANY_HOST, '$1localhost')
  }
}
