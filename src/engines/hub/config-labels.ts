import { readFile } from 'node:fs/promises'
import { type Label, plainLabel } from '../concepts.ts'
import type { WeightFiles } from '../engine.ts'
import { weightFile } from '../kit.ts'
import { unusable } from './open-model.ts'

/** The classes of a model in the order of its outputs, from `id2label` of its configuration. */
export async function configLabels(files: WeightFiles, weight: string): Promise<Label[]> {
  const config = JSON.parse(await readFile(weightFile(files, weight, 'config'), 'utf8')) as {
    id2label?: Readonly<Record<string, unknown>>
  }
  const names = Object.entries(config.id2label ?? {}).sort(([a], [b]) => Number(a) - Number(b))
  if (names.length === 0) throw unusable(weight, 'has a configuration without labels')
  // ImageNet lists synonyms; the first is the common one.
  return names.map(([, name]) => plainLabel(String(name).split(',')[0]!.trim()))
}
