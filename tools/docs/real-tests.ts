/**
 * Which tests show that something works on real data: those that run real models or the whole started server and name
 * it in quotes, as an id, as the name of an engine or as the exported name of one.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** What a test file has that works with real weights, real workers or a server of its own. */
const REAL = /\bmodels: true\b|\bloadForTest\b|\bstartLimpid\b/

/** Longest list of tests that is shown for one thing; more would say no more. */
const SHOWN_MAX = 3

interface TestFile {
  readonly name: string
  readonly text: string
}

let known: readonly TestFile[] | undefined

function realTests(): readonly TestFile[] {
  known ??= globSync(['test/**/*.test.ts', 'src/**/*.test.ts'], { cwd: root })
    .map((path) => ({ name: path.split('/').slice(-2).join('/'), text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ text }) => REAL.test(text))
    // Those that are about everything of a kind come first.
    .toSorted(
      (a, b) => Number(b.name.startsWith('real/')) - Number(a.name.startsWith('real/')) || (a.name < b.name ? -1 : 1),
    )
  return known
}

/** Tests on real data that name one of these, the most telling ones. */
export function realTestsOf(names: readonly string[]): string[] {
  const quoted = names.flatMap((name) => [`'${name}'`, `"${name}"`, `\`${name}\``])
  const found = realTests().filter(({ text }) => quoted.some((name) => text.includes(name)))
  return found.slice(0, SHOWN_MAX).map(({ name }) => name)
}

/** The same for what is said to work. Throws where no test shows it. */
export function demandRealTests(what: string, names: readonly string[]): string[] {
  const tests = realTestsOf(names)
  if (tests.length > 0) return tests
  throw new Error(
    `${what} is said to work, but no test on real data names it; add it to test/real (models or operators).`,
  )
}
