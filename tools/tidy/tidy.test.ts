import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { BANNED, COMPOSITION, FILE_LINES_MAX, LONG_FILES, MAY_IMPORT, TEST_FILE_LINES_MAX } from './rules.ts'

const root = join(import.meta.dirname, '..', '..')
const sources = globSync(['{src,test,tools,bench,bin}/**/*.{ts,js}'], { cwd: root, exclude: ['src/contract/gen/**'] })
  .sort()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1]!)
/** Tests and what only they use: files named `x.test.ts` and `test-x.ts`. */
const isTest = (path: string): boolean => /\.test\.ts$|\/test-[^/]*\.ts$|^test\//.test(path)
const folderOf = (path: string): string => path.split('/')[1]!

test('folders under src import only what the architecture lets them', () => {
  const wrong = sources.flatMap(({ path, text }) => {
    if (!path.startsWith('src/') || isTest(path) || COMPOSITION.includes(folderOf(path))) return []
    const own = folderOf(path)
    const allowed = MAY_IMPORT[own]
    if (!allowed) return [`${path}: the folder src/${own} has no rule; add one`]
    return importsOf(text)
      .map((target) => normalize(join(dirname(path), target)))
      .filter((target) => target.startsWith('src/') && folderOf(target) !== own && !allowed.includes(folderOf(target)))
      .map((target) => `${path} imports ${target}`)
  })
  assert.deepEqual(wrong, [])
})

test('acceptance tests know nothing of the sources', () => {
  const wrong = sources.filter(
    ({ path, text }) => path.startsWith('test/acceptance/') && importsOf(text).some((t) => t.includes('/src/')),
  )
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  )
})

test('files hold one idea each', () => {
  const most = (path: string): number => (isTest(path) ? TEST_FILE_LINES_MAX : FILE_LINES_MAX)
  const long = sources.filter(({ path, text }) => text.split('\n').length > most(path)).map(({ path }) => path)
  assert.deepEqual(
    long.filter((path) => !LONG_FILES.includes(path)),
    [],
    `longer than ${FILE_LINES_MAX} lines`,
  )
  assert.deepEqual(
    LONG_FILES.filter((path) => !long.includes(path)),
    [],
    'no longer needs an exception',
  )
})

test('nothing banned stands in the sources', () => {
  const wrong = sources.flatMap(({ path, text }) =>
    BANNED.filter(
      ({ pattern, allowed }) =>
        !path.startsWith('tools/tidy/') && pattern.test(text) && !allowed.some((a) => a.test(path)),
    ).map(({ why }) => `${path}: ${why}`),
  )
  assert.deepEqual(wrong, [])
})
