/** A name with its folders as archives of all systems mean it: `./a//b` is `a/b`, and so is `a\\b`. */
export function plainName(name: string): string {
  const path = name.replaceAll('\\', '/')
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}${path.endsWith('/') ? '/' : ''}`
}

/** Files and folders that systems add for themselves. */
const JUNK = /^(__MACOSX|\..+|Thumbs\.db|desktop\.ini|@eaDir|\$RECYCLE\.BIN)$/i

/** Whether a file is none that somebody wanted to have in. */
export const isJunk = (name: string): boolean => name.split('/').some((part) => part !== '..' && JUNK.test(part))

/** Why a name is not one of a file below the archive, or undefined. */
export function badName(name: string): string | undefined {
  if (name === '' || name.includes('\0')) return 'has no usable name'
  const leadsOut = name.startsWith('/') || /^[a-z]:/i.test(name) || name.split('/').includes('..')
  return leadsOut ? 'leads out of the archive' : undefined
}
