import { basename, dirname } from 'node:path'
import { dataOf, type Found, label } from './item.ts'
import { MediaFolder, stem } from './media-folder.ts'
import { readText } from './read-json.ts'

/** Folders that part a data set and are no class. */
const SPLITS = new Set(['train', 'val', 'valid', 'validation', 'test', 'images', 'data'])
/** Files that say what the names of folders mean, such as `n01440764 tench, Tinca tinca`. */
const MAPPINGS = ['LOC_synset_mapping.txt', 'words.txt', 'synset_words.txt', 'classes.txt']

/** Folders of media, each named like its class, as ImageNet has them. */
export async function* readImageNet(dir: string): AsyncGenerator<Found> {
  const folder = await MediaFolder.open(dir)
  const names = await readMapping(folder)
  for (const path of folder.media()) {
    const name = basename(dirname(path))
    if (name === '' || name === '.' || SPLITS.has(name)) {
      yield { source: path, problem: 'The file lies in no folder that is named like a class.' }
      continue
    }
    const concepts = [label(names.get(name) ?? name, name)]
    yield {
      source: path,
      id: stem(path),
      medium: { from: 'file', path: folder.absolute(path) },
      data: dataOf({ concepts }),
      annotations: [],
    }
  }
}

async function readMapping(folder: MediaFolder): Promise<Map<string, string>> {
  const file = folder.paths.find((path) => MAPPINGS.includes(basename(path)))
  if (file === undefined) return new Map()
  const lines = (await readText(folder.absolute(file))).split(/\r?\n/)
  return new Map(
    lines.flatMap((line) => {
      const parts = /^(n\d{8})[\s:,]+(.+)$/.exec(line.trim())
      return parts ? [[parts[1]!, parts[2]!.split(',')[0]!.trim()] as const] : []
    }),
  )
}
