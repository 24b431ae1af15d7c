import { partsOf } from '../../media/address.ts'

/** Path under which all exports lie. */
export const EXPORTS_PATH = '/exports'

/** An export by what its address names. */
export interface ExportPlace {
  readonly userId: string
  readonly appId: string
  /** 32 hexadecimal digits. */
  readonly id: string
}

const PATH = /^\/exports\/users\/([^/]+)\/apps\/([^/]+)\/([0-9a-f]{32})\.zip$/

/** The path of an export. */
export const exportPath = ({ userId, appId, id }: ExportPlace): string =>
  `${EXPORTS_PATH}/users/${encodeURIComponent(userId)}/apps/${encodeURIComponent(appId)}/${id}.zip`

/** What a path names; undefined when it names no export. */
export function readExportPath(path: string): ExportPlace | undefined {
  const parts = partsOf(PATH, path)
  return parts && { userId: parts[0]!, appId: parts[1]!, id: parts[2]! }
}
