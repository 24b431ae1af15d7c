import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { silentLog } from '../../../src/base/log.ts'
import { type WeightId, weightCatalogue, weightIds } from '../../../src/weights/manifest.ts'
import type { WeightSource } from '../../../src/weights/manifest-types.ts'
import { WeightStore } from '../../../src/weights/store.ts'
import { testModelsDir } from '../models-dir.ts'

/** The store of the tests: downloads into the shared folder what is not there yet. */
export function testWeightStore(): WeightStore {
  return new WeightStore({ dir: testModelsDir(), log: silentLog, autoPull: true })
}

function unconverted(source: WeightSource): WeightSource {
  const paths = source.files.map(({ path }) => path)
  return {
    ...source,
    conversion: { kind: 'copy', files: Object.fromEntries(paths.map((path) => [path, path])) },
    outputs: Object.fromEntries(paths.map((path) => [path, { file: basename(path) }])),
  }
}

/** Reads the unconverted files of a weight source, by package path; they are cached beside the converted ones. */
export async function sourceFiles(id: WeightId): Promise<(path: string) => Promise<Buffer>> {
  const siblings = weightIds.filter((other) => weightCatalogue[other].package === weightCatalogue[id].package)
  const catalogue = Object.fromEntries(
    siblings.map((other) => [`test-source-${other}`, unconverted(weightCatalogue[other])]),
  )
  const store = new WeightStore({ dir: testModelsDir(), log: silentLog, autoPull: true, catalogue })
  // Asked for together, all models of one package come with one download.
  const all = await Promise.all(siblings.map((other) => store.ensure(`test-source-${other}`)))
  const files: Record<string, string> = all[siblings.indexOf(id)]!.files
  return (path) => {
    const file = files[path]
    if (!file) throw new Error(`${id} has no source file ${path}`)
    return readFile(file)
  }
}
