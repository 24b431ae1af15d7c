import type { Command } from 'commander'
import { SETTINGS } from '../../config/env.ts'
import { type Access, request } from '../api-client.ts'
import { inputOf, type WorkflowAnswer } from '../demo/client.ts'
import { resultTable } from '../demo/table.ts'

const SUCCESS = 10000

interface Options {
  readonly workflow: string
  readonly url: string
  readonly key: string
  readonly user: string
  readonly app: string
  readonly json?: boolean
}

/** `limpid predict`: sends a file or URL through a workflow of a running server. */
export function addPredict(program: Command): void {
  program
    .command('predict <input>')
    .description('send an image, video or text through a workflow of a running server')
    .requiredOption('--key <token>', 'personal access token or app key', process.env[SETTINGS.pat.env])
    .option('--workflow <id>', 'workflow', 'General')
    .option('--user <id>', 'user who owns the workflow', 'clarifai')
    .option('--app <id>', 'app that holds the workflow', 'main')
    .option('--url <origin>', 'server', 'http://127.0.0.1:8080')
    .option('--json', 'print the answer as it came')
    .action(async (what: string, options: Options) => {
      const access: Access = { url: options.url, key: options.key }
      const input = await inputOf(what)
      const path = `/v2/users/${options.user}/apps/${options.app}/workflows/${encodeURIComponent(options.workflow)}/results?json_names=camel`
      const answer = await request<WorkflowAnswer>(access, path, { inputs: [{ data: input.data }] })
      const outputs = answer.results?.[0]?.outputs ?? []
      if (options.json) console.log(JSON.stringify(answer, null, 2))
      else if (outputs.length > 0)
        console.log(
          resultTable(outputs.map((output, at) => ({ node: String(at + 1), output, milliseconds: undefined }))),
        )
      if (answer.status.code === SUCCESS) return
      const { description, details } = answer.results?.[0]?.status ?? answer.status
      console.error(`limpid: ${[description, details].filter(Boolean).join(': ')}`)
      process.exitCode = 1
    })
}
