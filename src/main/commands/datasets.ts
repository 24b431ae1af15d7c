import { writeFile } from 'node:fs/promises'
import { SingleBar } from 'cli-progress'
import Table from 'cli-table3'
import { type Command, InvalidArgumentError } from 'commander'
import { SETTINGS } from '../../config/env.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type Findings, findingsOf } from '../../curation/findings.ts'
import { TWIN_COSINE } from '../../curation/limits.ts'
import { lookAt } from '../../curation/look.ts'
import { request } from '../api-client.ts'

interface Options {
  readonly pat: string
  readonly user: string
  readonly app: string
  readonly url: string
  readonly twins: number
  readonly json?: string
  readonly annotate?: true
}

/** Findings that are printed of each kind; a file has them all. */
const PRINTED_MAX = 50

/** `limpid datasets check`: near-duplicates and labels that may be wrong, for people to look at. */
export function addDatasets(program: Command): void {
  program
    .command('datasets')
    .description('look after datasets of a running server')
    .command('check <dataset>')
    .description('look for near-duplicates and for labels that may be wrong; changes nothing unless asked to annotate')
    .requiredOption('--pat <token>', 'personal access token or app key', process.env[SETTINGS.pat.env])
    .requiredOption('--app <id>', 'app of the dataset')
    .option('--user <id>', 'user who owns the app', 'me')
    .option('--url <origin>', 'server', 'http://127.0.0.1:8080')
    .option('--twins <cosine>', 'cosine from which two inputs count as nearly the same', readCosine, TWIN_COSINE)
    .option('--json <file>', 'file that all findings are written to')
    .option('--annotate', 'add an annotation that awaits review to each input with a doubtful label')
    .action(check)
}

async function check(dataset: string, { pat: key, user, app, url, twins, json, annotate }: Options): Promise<void> {
  const access = { url: url.replace(/\/+$/, ''), key }
  const base = `/v2/users/${encodeURIComponent(user)}/apps/${encodeURIComponent(app)}`
  const send = (path: string, body?: object): Promise<unknown> => {
    const named = path.includes('?') ? '&' : '?'
    return request(access, `${base}${path}${named}json_names=camel`, body)
  }
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: '{value} of {total} inputs', clearOnComplete: true })
    : undefined
  bar?.start(0, 0)
  const members = await lookAt(send, dataset, (done, of) => {
    bar?.setTotal(of)
    bar?.update(done)
  })
  bar?.stop()
  const findings = findingsOf(members, twins)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(findings, null, 2)}\n`)
  print(findings, members.length, members.filter(({ neighbours }) => neighbours.length === 0).length)
  if (annotate) console.log(await annotateDoubts(send, findings))
}

function print({ twins, doubtful }: Findings, inputs: number, blind: number): void {
  const twinTable = new Table({ head: ['nearly the same', '', 'cosine', 'labels'], style: { head: [], border: [] } })
  for (const { ids, cosine, contradict } of twins.slice(0, PRINTED_MAX)) {
    twinTable.push([...ids, cosine.toFixed(3), contradict ? 'contradict' : ''])
  }
  const doubtTable = new Table({
    head: ['input', 'label', 'of its neighbours', 'most are', 'share'],
    style: { head: [], border: [] },
  })
  for (const { id, label, share, suggested, suggestedShare } of doubtful.slice(0, PRINTED_MAX)) {
    doubtTable.push([id, label, percent(share), suggested, percent(suggestedShare)])
  }
  if (twins.length > 0) console.log(twinTable.toString())
  if (doubtful.length > 0) console.log(doubtTable.toString())
  const unseen = blind > 0 ? `; ${blind} have nothing to be compared by` : ''
  console.log(
    `${inputs} inputs: ${twins.length} pairs nearly the same, ${doubtful.length} labels that may be wrong${unseen}.`,
  )
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

/** Leaves a note on each input with a doubtful label; the label itself is for people to change. */
async function annotateDoubts(send: (path: string, body: object) => Promise<unknown>, { doubtful }: Findings) {
  const annotations = doubtful.map(({ id, label, suggested, share, suggestedShare }) => ({
    inputId: id,
    status: { code: StatusCode.ANNOTATION_AWAITING_REVIEW },
    data: { concepts: [{ id: suggested, value: 1 }] },
    annotationInfo: { check: 'doubtful label', label, suggested, share, suggested_share: suggestedShare },
  }))
  let added = 0
  for (let start = 0; start < annotations.length; start += 100) {
    const part = annotations.slice(start, start + 100)
    const { status } = (await send('/annotations', { annotations: part })) as {
      status: { code: number; description: string; details?: string }
    }
    if (status.code !== StatusCode.SUCCESS)
      return `The server refused the annotations: ${status.details || status.description}`
    added += part.length
  }
  return `${added} annotations that await review were added.`
}

function readCosine(text: string): number {
  const cosine = Number(text)
  if (!(cosine > 0 && cosine <= 1)) throw new InvalidArgumentError('Use a number above 0, at most 1.')
  return cosine
}
