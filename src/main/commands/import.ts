import { appendFile } from 'node:fs/promises'
import { SingleBar } from 'cli-progress'
import { type Command, InvalidArgumentError } from 'commander'
import { ConfigError } from '../../config/config.ts'
import { SETTINGS } from '../../config/env.ts'
import { detectFormat, FORMATS, isFormat } from '../../importers/formats.ts'
import { PARALLEL_DEFAULT, PROBLEMS_PRINTED } from '../../importers/limits.ts'
import { runImport } from '../../importers/run.ts'

interface Options {
  readonly format?: string
  readonly pat: string
  readonly user: string
  readonly app: string
  readonly dataset?: string
  readonly url: string
  readonly report?: string
  readonly parallel: number
}

const NAMES = Object.keys(FORMATS).join(', ')

/** `limpid import`: brings what other tools export into an app of a running server. */
export function addImport(program: Command): void {
  program
    .command('import <dir>')
    .description(`bring a folder of labelled media into an app of a running server (formats: ${NAMES})`)
    .requiredOption('--pat <token>', 'personal access token or app key', process.env[SETTINGS.pat.env])
    .requiredOption('--app <id>', 'app that everything goes into')
    .option('--format <name>', 'format of the folder; looked for in its files unless named')
    .option('--user <id>', 'user who owns the app', 'me')
    .option('--dataset <id>', 'dataset that everything goes into; made when it is not there')
    .option('--url <origin>', 'server', 'http://127.0.0.1:8080')
    .option('--report <file>', 'file that every problem is written to, one JSON object a line')
    .option('--parallel <n>', 'requests at the same time', readCount, PARALLEL_DEFAULT)
    .action(async (dir: string, options: Options) => {
      const format = options.format ?? (await detectFormat(dir))
      if (format === undefined || !isFormat(format)) {
        throw new ConfigError(
          `The format ${format ? `'${format}' is not known` : 'cannot be told'}; use --format with one of ${NAMES}.`,
        )
      }
      const { url, pat: key, user, app, dataset } = options
      const report = new Report(options.report)
      const result = await runImport(
        dir,
        format,
        { url: url.replace(/\/+$/, ''), key, user, app, dataset },
        report,
        options.parallel,
      )
      await report.stop()
      const { inputs, known, annotations, knownAnnotations, problems } = result
      console.log(
        `${inputs} inputs and ${annotations} annotations came in from ${format}; ${known} and ${knownAnnotations} were there already; ${problems} problems.`,
      )
      if (problems > 0) process.exitCode = 1
    })
}

function readCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Use a whole number from 1 on.')
  return count
}

/** Shows how far an import is, and what went wrong in it. */
class Report {
  readonly #file: string | undefined
  readonly #bar: SingleBar | undefined
  #problems = 0
  #written: Promise<void> = Promise.resolve()

  constructor(file: string | undefined) {
    this.#file = file
    if (!process.stderr.isTTY) return
    this.#bar = new SingleBar({ format: '{value} items  {speed}/s', stopOnComplete: false, clearOnComplete: false })
    this.#bar.start(0, 0, { speed: 0 })
    this.#began = performance.now()
  }

  #began = 0

  progress(done: number): void {
    const speed = Math.round((done * 1000) / (performance.now() - this.#began))
    this.#bar?.update(done, { speed })
  }

  problem(source: string, problem: string): void {
    if (this.#problems++ < PROBLEMS_PRINTED) console.error(`${source}: ${problem}`)
    else if (this.#problems === PROBLEMS_PRINTED + 1) {
      console.error(
        this.#file ? `More problems: see ${this.#file}.` : 'More problems; --report FILE writes them all down.',
      )
    }
    const file = this.#file
    if (file) this.#written = this.#written.then(() => appendFile(file, `${JSON.stringify({ source, problem })}\n`))
  }

  async stop(): Promise<void> {
    this.#bar?.stop()
    await this.#written
  }
}
