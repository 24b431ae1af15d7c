import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Decides which network addresses may be connected to. */
export interface AddressPolicy {
  /** True when the operator named this host, or this host and port. Ports are numbers, hosts as in a URL. */
  allowsHost(host: string, port: number): boolean
  /** True when the address (as text) is public or inside a range that the operator allowed. */
  allowsAddress(address: string): boolean
}

/**
 * Builds the policy from the entries of LIMPID_FETCH_ALLOW: host names, host:port, addresses or CIDR ranges.
 * Throws an Error that names the setting and the entry when one cannot be read.
 */
export function addressPolicy(allow: readonly string[]): AddressPolicy {
  const hosts = new Set<string>()
  const ranges: [Address, number][] = []
  for (const entry of allow.map((text) => text.trim().toLowerCase()).filter(Boolean)) {
    if (entry.includes('/')) ranges.push(rangeOf(entry))
    else if (ipaddr.isValid(entry)) ranges.push(singleOf(entry))
    else hosts.add(hostOf(entry))
  }
  return {
    allowsHost: (host, port) => hosts.has(canonicalHost(host)) || hosts.has(`${canonicalHost(host)}:${port}`),
    allowsAddress: (text) => {
      if (!ipaddr.isValid(text)) return false
      const address = ipaddr.process(text)
      return isPublic(address) || ranges.some((range) => matches(address, range))
    },
  }
}

/** True for an address (as text) that belongs to the public internet; tunnels and translated ranges do not count. */
export function isPublicAddress(text: string): boolean {
  return ipaddr.isValid(text) && isPublic(ipaddr.process(text))
}

/** A host as it is compared: lower case, no brackets, no final dot. */
export function canonicalHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}

const GLOBAL_UNICAST_V6 = ipaddr.parseCIDR('2000::/3')

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  // New special ranges of IPv6 keep appearing, all of them outside of the one that is handed out.
  return address.kind() === 'ipv4' || matches(address, GLOBAL_UNICAST_V6)
}

function matches(address: Address, range: [Address, number]): boolean {
  return address.kind() === range[0].kind() && address.match(range as [ipaddr.IPv4 & ipaddr.IPv6, number])
}

function rangeOf(entry: string): [Address, number] {
  try {
    return ipaddr.parseCIDR(entry)
  } catch {
    throw unreadable(entry)
  }
}

function singleOf(entry: string): [Address, number] {
  const address = ipaddr.process(entry)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** Brings `host`, `host:port` or `[address]:port` to the form that a parsed URL has. */
function hostOf(entry: string): string {
  const url = URL.canParse(`http://${entry}`) ? new URL(`http://${entry}`) : undefined
  if (url?.pathname !== '/' || url.username || url.search || url.hash) throw unreadable(entry)
  const port = /:(\d+)$/.exec(entry)?.[1]
  return canonicalHost(url.hostname) + (port ? `:${Number(port)}` : '')
}

function unreadable(entry: string): Error {
  return new Error(`LIMPID_FETCH_ALLOW: "${entry}" is not a host, host:port, address or CIDR range`)
}
