import { readFile, writeFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { AppError } from '../../base/errors.ts'
import { SETTINGS } from '../../config/env.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { readWorkflowFile } from '../workflow-file/read.ts'
import { exportWorkflow, importWorkflow, type Place } from '../workflow-file/transfer.ts'
import { type KeyStyle, writeWorkflowFile } from '../workflow-file/write.ts'

interface Where {
  readonly url: string
  readonly key: string
  readonly user: string
  readonly app: string
}

/** `limpid workflows import|export`: workflows of a running server as the YAML files of the official clients. */
export function addWorkflows(program: Command): void {
  const workflows = program.command('workflows').description('workflows as the YAML files of the official clients')
  const there = (command: Command, app: string): Command =>
    command
      .requiredOption('--key <token>', 'personal access token', process.env[SETTINGS.pat.env])
      .requiredOption('--user <id>', 'user who owns the app', process.env[SETTINGS.user.env])
      .requiredOption('--app <id>', app)
      .option('--url <origin>', 'server', 'http://127.0.0.1:8080')

  there(
    workflows.command('export <id> [file]').description('write a workflow to a file, or print it'),
    'app that has it',
  )
    .option('--version-id <id>', 'a version of the workflow; the newest unless said')
    .option('--inline', "describe the app's own models instead of naming them, so that the file can make them anew")
    .addOption(new Option('--keys <style>', 'spelling of keys').choices(['python', 'node']).default('python'))
    .action(
      async (
        id: string,
        file: string | undefined,
        options: Where & { versionId?: string; inline?: boolean; keys: KeyStyle },
      ) => {
        const text = writeWorkflowFile(await exportWorkflow(placeOf(options), id, options), options.keys)
        if (file === undefined) process.stdout.write(text)
        else await writeFile(file, text)
      },
    )

  there(
    workflows.command('import <file>').description('make a workflow of a file, with its models'),
    'app to put it in',
  )
    .option('--id <id>', 'id of the workflow instead of that in the file')
    .option('--replace', 'give a workflow that is there already a new version')
    .action(async (file: string, options: Where & { id?: string; replace?: boolean }) => {
      const read = readWorkflowFile(await textOf(file))
      const id = await importWorkflow(placeOf(options), { ...read, id: options.id ?? read.id }, options)
      console.log(`workflow ${id} is in the app ${options.app}`)
    })
}

const placeOf = ({ url, key, user, app }: Where): Place => ({ access: { url, key }, userId: user, appId: app })

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new AppError(
      StatusCode.WORKFLOW_INVALID_ARGUMENT,
      `${file} cannot be read (${error.code}); name a YAML file.`,
    )
  })
}
