import { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { ConfigError } from '../config/config.ts'

type Add = (program: Command) => void

const data = async (): Promise<Add> => (await import('./commands/data.ts')).addDataCommands

// Each command loads only what it needs: the whole server takes a second to load, a prediction over HTTP does not
// need it.
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  serve: async () => (await import('./commands/serve.ts')).addServe,
  demo: async () => (await import('./commands/demo.ts')).addDemo,
  predict: async () => (await import('./commands/predict.ts')).addPredict,
  import: async () => (await import('./commands/import.ts')).addImport,
  datasets: async () => (await import('./commands/datasets.ts')).addDatasets,
  keys: async () => (await import('./commands/keys.ts')).addKeys,
  users: async () => (await import('./commands/users.ts')).addUsers,
  models: async () => (await import('./commands/models.ts')).addModels,
  modules: async () => (await import('./commands/modules.ts')).addModules,
  jobs: async () => (await import('./commands/jobs.ts')).addJobs,
  workflows: async () => (await import('./commands/workflows.ts')).addWorkflows,
  secrets: async () => (await import('./commands/secrets.ts')).addSecrets,
  migrate: data,
  backup: data,
  restore: data,
}

const program = new Command('limpid')
  .description('An open, self-hosted AI platform that speaks the Clarifai API')
  .showHelpAfterError()

const asked = process.argv[2] ?? ''
const wanted = Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]!] : new Set(Object.values(COMMANDS))
for (const load of wanted) (await load())(program)

try {
  await program.parseAsync()
} catch (error) {
  // What the operator can mend is one sentence; anything else shows where it happened.
  const mendable = error instanceof ConfigError || error instanceof AppError
  console.error(mendable ? `limpid: ${error instanceof AppError ? error.details : error.message}` : error)
  process.exitCode = 1
}
