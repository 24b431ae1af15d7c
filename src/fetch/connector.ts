import { lookup as dnsLookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { buildConnector } from 'undici'
import { inTime } from '../base/in-time.ts'
import { type AddressPolicy, canonicalHost } from './address.ts'
import { privateHost, unreachable } from './errors.ts'

/** Resolves a host name to all of its addresses. */
export type Lookup = (host: string) => Promise<readonly { address: string; family: number }[]>

/** Addresses of one host that are tried before giving up. */
const MAX_ADDRESSES_TRIED = 4

/** The look-up of the operating system, IPv4 first. */
export const systemLookup: Lookup = (host) => dnsLookup(host, { all: true, order: 'ipv4first' })

/**
 * A connector that resolves a host once, refuses it when any of its addresses is not allowed, and connects to those
 * very addresses, so that no second look-up can lead elsewhere. Fails closed with AppError 30106 or 39996.
 */
export function guardedConnector(
  policy: AddressPolicy,
  connectMs: number,
  lookup: Lookup = systemLookup,
): buildConnector.connector {
  const connectTo = buildConnector({ timeout: connectMs, autoSelectFamily: false })
  const attempt = (options: buildConnector.Options, address: string) =>
    new Promise<Parameters<buildConnector.Callback>>((resolve) => {
      connectTo({ ...options, hostname: address }, (...result) => resolve(result))
    })
  return async (options, callback) => {
    try {
      const host = canonicalHost(options.hostname)
      const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80)
      const addresses = await resolve(host, lookup, connectMs)
      const isNamed = policy.allowsHost(host, port)
      if (!isNamed && !addresses.every((address) => policy.allowsAddress(address))) throw privateHost()
      let failure: Error | undefined
      for (const address of addresses.slice(0, MAX_ADDRESSES_TRIED)) {
        const [error, socket] = await attempt(options, address)
        if (socket) return callback(null, socket)
        failure = error ?? undefined
      }
      throw unreachable(host, failure)
    } catch (error) {
      callback(error as Error, null)
    }
  }
}

async function resolve(host: string, lookup: Lookup, timeoutMs: number): Promise<string[]> {
  if (ipaddr.isValid(host)) return [host]
  try {
    const found = await inTime(lookup(host), timeoutMs, () => new Error('the look-up took too long'))
    if (found.length === 0) throw new Error('the look-up found no address')
    return found.map(({ address }) => address)
  } catch (error) {
    throw unreachable(host, error)
  }
}
