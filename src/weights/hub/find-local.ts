/** Finds the files of hub models in a folder that somebody carried to a machine without network. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { HubSource } from './types.ts'

/**
 * Folders in which a repository may lie below `dir`: as cloned, under its name or our id, or in the hub's own cache. Not
 * in `dir` itself, as the files of many repositories have the same names.
 */
async function candidates(dir: string, id: string, { repository }: HubSource): Promise<string[]> {
  const name = repository.slice(repository.lastIndexOf('/') + 1)
  const snapshots = join(dir, `models--${repository.replaceAll('/', '--')}`, 'snapshots')
  const cached = (await readdir(snapshots).catch(() => [])).map((commit) => join(snapshots, commit))
  return [join(dir, ...repository.split('/')), join(dir, name), join(dir, id), ...cached]
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false

/** The paths of all files of a model by key, from the first folder that holds all of them; undefined without one. */
export async function findLocal(
  dir: string,
  id: string,
  source: HubSource,
): Promise<Readonly<Record<string, string>> | undefined> {
  const keys = Object.entries(source.files)
  for (const folder of await candidates(dir, id, source)) {
    const paths = keys.map(([key, { path }]) => [key, join(folder, ...path.split('/'))] as const)
    const there = await Promise.all(paths.map(([, path]) => isFile(path)))
    if (there.every(Boolean)) return Object.fromEntries(paths)
  }
  return undefined
}
