/** What each folder under `src/` may import, beside itself and packages. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contract: ['base'],
  archives: ['base', 'contract'],
  base: ['contract'],
  buckets: ['base', 'contract', 'fetch'],
  config: ['base'],
  store: ['base', 'contract'],
  blobs: ['base', 'contract'],
  jobs: ['base', 'contract', 'store'],
  fetch: ['base', 'contract', 'media'],
  media: ['base', 'contract', 'fetch'],
  vectors: ['base'],
  training: ['base', 'contract', 'runtime', 'weights'],
  search: ['base', 'contract', 'engines', 'runtime', 'store', 'vectors'],
  curation: ['base', 'contract'],
  importers: ['base', 'contract', 'media'],
  evaluation: ['base', 'contract', 'engines', 'metrics', 'runtime'],
  metrics: ['base', 'contract', 'engines'],
  weights: ['base', 'contract'],
  workflow: ['base', 'contract', 'engines', 'media'],
  engines: ['base', 'contract', 'media', 'workflow'],
  runtime: ['base', 'contract', 'engines', 'media', 'workflow'],
  remote: ['base', 'contract', 'engines', 'fetch', 'media', 'runners', 'runtime', 'workflow'],
  runners: ['base', 'contract', 'engines', 'workflow'],
  'model-packages': ['base', 'contract', 'engines', 'media', 'runtime', 'weights', 'workflow'],
  catalogue: ['base', 'contract', 'domain', 'engines', 'store', 'weights'],
  maintenance: ['base', 'blobs', 'contract', 'store'],
  domain: [
    'archives',
    'base',
    'blobs',
    'buckets',
    'catalogue',
    'config',
    'contract',
    'engines',
    'evaluation',
    'fetch',
    'jobs',
    'media',
    'metrics',
    'remote',
    'runners',
    'runtime',
    'search',
    'store',
    'training',
    'vectors',
    'weights',
    'workflow',
    'model-packages',
  ],
  api: ['base', 'contract', 'domain', 'store', 'workflow'],
  wire: ['api', 'base', 'contract', 'domain', 'jobs', 'runtime'],
}

/** Folders that bring everything together and so may import everything. */
export const COMPOSITION = ['main']

/** Longest hand-written file, in lines; a longer one holds more than one idea. */
export const FILE_LINES_MAX = 400
/** Longest test file, in lines: a list of cases is read one at a time. */
export const TEST_FILE_LINES_MAX = 700

/** Files that are longer for a reason; an entry that is no longer needed fails the test. */
export const LONG_FILES: readonly string[] = []

/** Texts that must not stand in sources, with the files that may have them. */
export const BANNED: readonly {
  readonly pattern: RegExp
  readonly why: string
  readonly allowed: readonly RegExp[]
}[] = [
  {
    pattern: /process\.env\b/,
    why: 'only src/config and the program entry read the environment; take a setting instead',
    allowed: [/^bin\//, /^src\/config\//, /^src\/main\//, /^src\/runtime\//, /^test\//, /^tools\//, /^bench\//],
  },
  {
    pattern: /setTimeout\([^)]*\bresolve\b/,
    why: 'a test that sleeps is slow and flaky; wait for what is meant',
    allowed: [/^src\/(?!.*\.test\.ts)/, /^bench\//],
  },
  {
    pattern: /\.(selectFrom|insertInto|updateTable|deleteFrom)\(/,
    why: 'queries stand in src/store alone; call a repository instead',
    allowed: [/^src\/store\//, /^src\/maintenance\//, /^test\//, /^bench\//, /\.test\.ts$/],
  },
  { pattern: /\.only\(/, why: 'a single test left on hides all others', allowed: [] },
]
