import { Command } from 'commander'
import { AppError } from '../base/errors.ts'
import { ConfigError } from '../config/config.ts'
import { addDataCommands } from './commands/data.ts'
import { addDemo } from './commands/demo.ts'
import { addKeys } from './commands/keys.ts'
import { addModels } from './commands/models.ts'
import { addPredict } from './commands/predict.ts'
import { addServe } from './commands/serve.ts'
import { addUsers } from './commands/users.ts'

const program = new Command('limpid')
  .description('An open, self-hosted AI platform that speaks the Clarifai API')
  .showHelpAfterError()

addServe(program)
addDemo(program)
addPredict(program)
addKeys(program)
addUsers(program)
addModels(program)
addDataCommands(program)

try {
  await program.parseAsync()
} catch (error) {
  // What the operator can mend is one sentence; anything else shows where it happened.
  const mendable = error instanceof ConfigError || error instanceof AppError
  console.error(mendable ? `limpid: ${error instanceof AppError ? error.details : error.message}` : error)
  process.exitCode = 1
}
