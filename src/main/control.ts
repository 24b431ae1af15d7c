import { readFile, rm, writeFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'

/** How commands of the same machine reach a running server. */
export interface Control {
  readonly url: string
  readonly token: string
}

const FILE = 'control.json'
const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Writes where this server is into its data folder, readable for its user alone; answers how to take that back. */
export async function announce(
  dataDir: string,
  host: string,
  port: number,
  token: string,
): Promise<() => Promise<void>> {
  const file = join(dataDir, FILE)
  const own = ANY_ADDRESS[host] ?? host
  // Without TLS even where the port speaks it: it speaks both, and the certificate names another host.
  const control: Control = { url: `http://${isIPv6(own) ? `[${own}]` : own}:${port}`, token }
  await rm(file, { force: true })
  await writeFile(file, `${JSON.stringify(control)}\n`, { mode: 0o600 })
  return () => rm(file, { force: true })
}

/** The server that uses a data folder, as far as one has said so; it may be gone. */
export async function readControl(dataDir: string): Promise<Control | undefined> {
  try {
    const { url, token } = JSON.parse(await readFile(join(dataDir, FILE), 'utf8')) as Partial<Control>
    return typeof url === 'string' && typeof token === 'string' ? { url, token } : undefined
  } catch {
    return undefined
  }
}
