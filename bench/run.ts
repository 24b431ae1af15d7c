/* npm run bench [-- NAME] [--json FILE]: measures and prints our figure, the baseline's, their ratio and the aim. */
import { readdir, writeFile } from 'node:fs/promises'
import Table from 'cli-table3'
import { Command } from 'commander'
import { type BenchmarkOptions, isMet, type Result } from './kit/result.ts'

interface Benchmark {
  run(options: BenchmarkOptions): Result | readonly Result[] | Promise<Result | readonly Result[]>
}

const NOTE_WIDTH = 44

// Every file of this folder is a benchmark; what they share is in the folders below.
const names = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort()

const program = new Command('npm run bench --')
  .argument('[name]', `one of ${names.join(', ')}; all without it`)
  .option('--json <file>', 'write the results to a file as JSON')
  .option('--size <rows>', 'how many rows a benchmark of large data makes', (text) => Number.parseInt(text, 10))
  .parse()
const [wanted] = program.args
const { json, size } = program.opts<{ json?: string; size?: number }>()

if (wanted !== undefined && !names.includes(wanted)) {
  console.error(`There is no benchmark '${wanted}'; use one of ${names.join(', ')}.`)
  process.exit(1)
}

const results: Result[] = []
for (const name of wanted === undefined ? names : [wanted]) {
  console.error(`running ${name} ...`)
  const benchmark = (await import(`./${name}.ts`)) as Benchmark
  results.push(...[await benchmark.run({ size })].flat())
}
console.log(tableOf(results))
if (json !== undefined) await writeFile(json, `${JSON.stringify(results.map(withVerdict), null, 2)}\n`)

function withVerdict(result: Result) {
  return { ...result, met: isMet(result) }
}

function tableOf(rows: readonly Result[]): string {
  const head = ['benchmark', 'ours', 'baseline', 'unit', 'ratio', 'aim', 'met', 'note']
  const table = new Table({
    head,
    style: { head: [], border: [] },
    colWidths: [NOTE_WIDTH, null, null, 16, null, null, null, NOTE_WIDTH],
    wordWrap: true,
  })
  for (const row of rows) {
    const met = isMet(row)
    table.push([
      row.name,
      figure(row.ours),
      figure(row.baseline),
      row.unit,
      figure(row.ratio),
      row.aim ?? '',
      met === undefined ? '' : met ? 'yes' : 'NO',
      row.note ?? '',
    ])
  }
  return table.toString()
}

/** Three significant digits, and no fewer than the whole part has. */
function figure(value: number | undefined): string {
  if (value === undefined) return ''
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
