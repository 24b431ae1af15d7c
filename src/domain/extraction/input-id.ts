import { hash } from 'node:crypto'
import { ID_LENGTH_MAX } from '../../base/ids.ts'

const DIGEST_CHARS = 8

/**
 * The id of the input that a file becomes: its path without the ending, with '-' where an id may not have what a path
 * may. Where that leaves something out, so that another path could become the same id, a part of a hash follows.
 */
export function inputIdOf(path: string): string {
  const stem = path.replace(/\.[^./]*$/, '') || path
  const plain = stem.replaceAll('/', '-')
  const id = plain
    .replace(/[^0-9A-Za-z]+/g, (found) => (/^[-_]$/.test(found) ? found : '-'))
    .replace(/^[-_]+|[-_]+$/g, '')
  if (id === plain && id.length <= ID_LENGTH_MAX) return id
  const digest = hash('sha256', path).slice(0, DIGEST_CHARS)
  const head = id.slice(0, ID_LENGTH_MAX - DIGEST_CHARS - 1).replace(/[-_]+$/, '')
  return head === '' ? digest : `${head}-${digest}`
}
