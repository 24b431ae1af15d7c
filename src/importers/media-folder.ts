import { readdir } from 'node:fs/promises'
import { basename, extname, join, relative, sep } from 'node:path'
import { FILES_MAX } from './limits.ts'

const KINDS = {
  image: /\.(jpe?g|png|tiff?|bmp|webp|gif)$/i,
  video: /\.(mp4|mov|avi|wmv|3gp|webm|mkv|m4v)$/i,
  audio: /\.(wav|mp3|flac|ogg|m4a|aac)$/i,
  text: /\.txt$/i,
} as const

/** The kind of medium that the ending of a name or an address tells; undefined for others. */
export function kindByName(name: string): keyof typeof KINDS | undefined {
  const path = URL.canParse(name) ? new URL(name).pathname : name
  return (['image', 'video', 'audio', 'text'] as const).find((kind) => KINDS[kind].test(path))
}

/** The files below a folder; nothing outside of it can be named. */
export class MediaFolder {
  readonly root: string
  /** Paths below the root with `/`, sorted. */
  readonly paths: readonly string[]
  readonly #byPath: ReadonlySet<string>
  readonly #byName = new Map<string, string[]>()

  private constructor(root: string, paths: readonly string[]) {
    this.root = root
    this.paths = paths
    this.#byPath = new Set(paths)
    for (const path of paths) {
      const name = basename(path)
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), path])
    }
  }

  /** Looks through a folder; links are not followed, as they may lead anywhere. */
  static async open(root: string): Promise<MediaFolder> {
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    if (paths.length > FILES_MAX)
      throw new Error(`The folder has ${paths.length} files; import at most ${FILES_MAX} at a time.`)
    return new MediaFolder(root, paths.sort())
  }

  /** The full path of a file. */
  absolute(path: string): string {
    return join(this.root, path)
  }

  /**
   * The file that a source means by a path, which may be written below another folder than it lies in: the whole path,
   * else the only file with this name, else the one whose path ends most alike.
   */
  find(named: string): string | undefined {
    const wanted = named.replaceAll('\\', '/').replace(/^(\.?\/)+/, '')
    if (this.#byPath.has(wanted)) return wanted
    const found = this.#byName.get(basename(wanted)) ?? []
    if (found.length <= 1) return found[0]
    return found.toSorted((a, b) => alike(b, wanted) - alike(a, wanted))[0]
  }

  /** Paths with one of the endings, in a folder and below where one is named. */
  withEnding(endings: readonly string[], below = ''): string[] {
    return this.paths.filter((path) => endings.includes(extname(path).toLowerCase()) && path.startsWith(below))
  }

  /** Paths of media. */
  media(kind?: keyof typeof KINDS): string[] {
    return this.paths.filter((path) => (kind ? kindByName(path) === kind : kindByName(path) !== undefined))
  }
}

function alike(path: string, wanted: string): number {
  const [a, b] = [path.split('/').reverse(), wanted.split('/').reverse()]
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  return same
}

/** The name of a file without folder and ending. */
export const stem = (path: string): string => basename(path, extname(path))
