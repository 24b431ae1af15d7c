import type { MediaKind } from '../../store/schema/tables.ts'

/** Path under which all hosted media lie. */
export const MEDIA_PATH = '/data'

/** A hosted medium by what its address names. */
export interface MediaPlace {
  readonly userId: string
  readonly appId: string
  readonly kind: MediaKind
  /** 32 hexadecimal digits. */
  readonly id: string
}

const PATH = /^\/data\/([a-z_]{1,32})\/users\/([^/]+)\/apps\/([^/]+)\/inputs\/(image|video|audio|text)\/([0-9a-f]{32})$/

/** The last part of an address, `HostedURL.suffix`. */
export const suffixOf = ({ userId, appId, kind, id }: MediaPlace): string =>
  `users/${encodeURIComponent(userId)}/apps/${encodeURIComponent(appId)}/inputs/${kind}/${id}`

/** The path of one size. */
export const pathOf = (place: MediaPlace, size: string): string => `${MEDIA_PATH}/${size}/${suffixOf(place)}`

/** What a path names; undefined when it names no hosted medium. */
export function readPath(path: string): { place: MediaPlace; size: string } | undefined {
  const parts = partsOf(PATH, path)
  if (!parts) return undefined
  const [size, userId, appId, kind, id] = parts
  return { place: { userId: userId!, appId: appId!, kind: kind as MediaKind, id: id! }, size: size! }
}

/** What the groups of a pattern match in a path, decoded; undefined where it does not match or is not well encoded. */
export function partsOf(pattern: RegExp, path: string): string[] | undefined {
  try {
    return pattern.exec(path)?.slice(1).map(decodeURIComponent)
  } catch {
    return undefined
  }
}
