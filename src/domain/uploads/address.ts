/** Path under which the contents of all uploads lie. */
export const UPLOADS_PATH = '/uploads'

/** An upload by what its address names. */
export interface UploadPlace {
  readonly userId: string
  readonly appId: string
  readonly id: string
}

const PATH = /^\/uploads\/users\/([^/]+)\/apps\/([^/]+)\/([^/]+)$/

/** The path of an uploaded content. */
export const uploadPath = ({ userId, appId, id }: UploadPlace): string =>
  `${UPLOADS_PATH}/users/${encodeURIComponent(userId)}/apps/${encodeURIComponent(appId)}/${encodeURIComponent(id)}`

/** What a path names; undefined when it names no upload. */
export function readUploadPath(path: string): UploadPlace | undefined {
  const parts = PATH.exec(path)
  if (!parts) return undefined
  try {
    const [userId, appId, id] = parts.slice(1).map(decodeURIComponent) as [string, string, string]
    return { userId, appId, id }
  } catch {
    return undefined
  }
}
