import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PackageRef } from '../../../src/weights/manifest-types.ts'

/** A registry on this machine that speaks as much of the npm protocol as fetching a tarball takes. */
export class FakeRegistry {
  readonly #server: Server
  readonly #packages = new Map<string, { package: PackageRef; tarball: Buffer }>()
  /** Tarballs handed out so far, by package name. */
  readonly downloads: string[] = []

  private constructor() {
    this.#server = createServer((request, response) => {
      const [name = '', isTarball] = decodeURIComponent(request.url ?? '')
        .slice(1)
        .split('/-/')
      const known = this.#packages.get(name)
      if (!known) {
        response.writeHead(404).end('{}')
      } else if (isTarball) {
        this.downloads.push(name)
        response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(known.tarball)
      } else {
        response.writeHead(200, { 'content-type': 'application/json' }).end(this.#packument(known.package))
      }
    })
  }

  static async start(): Promise<FakeRegistry> {
    const registry = new FakeRegistry()
    registry.#server.listen(0, '127.0.0.1')
    await once(registry.#server, 'listening')
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  #packument({ name, version, integrity }: PackageRef): string {
    const tarball = `${this.url}${name}/-/${version}.tgz`
    return JSON.stringify({
      name,
      'dist-tags': { latest: version },
      versions: { [version]: { name, version, dist: { tarball, integrity } } },
    })
  }

  /** Offers a package; the tarball need not match what the package claims. */
  publish(pkg: PackageRef, tarball: Buffer): void {
    this.#packages.set(pkg.name, { package: pkg, tarball })
  }

  unpublish(name: string): void {
    this.#packages.delete(name)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
