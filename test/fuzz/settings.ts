import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mutant } from './mutate.ts'

/** Seed of this run; `LIMPID_FUZZ_SEED` names another one, to look further or to see a failure again. */
export const SEED = Number(process.env.LIMPID_FUZZ_SEED ?? 20_261_129)
/** How many times the usual number of files is tried. */
export const FACTOR = Number(process.env.LIMPID_FUZZ_FACTOR ?? 1)

/** Keeps a file that something went wrong with, and says in words where it is and how it is made again. */
export function keep(group: string, { index, sample, steps, bytes }: Mutant): string {
  const folder = join(tmpdir(), 'limpid-fuzz-failures')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${group}-${SEED}-${index}`)
  writeFileSync(file, bytes)
  return `${file} (seed ${SEED}, number ${index}, ${sample}: ${steps.join(', ')})`
}
