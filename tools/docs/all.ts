/** Writes the generated pages of `docs/`. With `--check` it only says which of them are not up to date. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsPage } from './models.ts'
import { operationsPage } from './operations.ts'
import { operatorsPage } from './operators.ts'

const docs = join(import.meta.dirname, '..', '..', 'docs')
const pages = { 'models.md': modelsPage, 'operations.md': operationsPage, 'operators.md': operatorsPage }

for (const [name, make] of Object.entries(pages)) {
  const file = join(docs, name)
  const page = make()
  if (!process.argv.includes('--check')) {
    writeFileSync(file, page)
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== page) {
    console.error(`docs/${name} is stale; run npm run docs`)
    process.exitCode = 1
  }
}
