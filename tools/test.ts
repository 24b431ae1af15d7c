/* npm test [-- FILE ...]: runs every test, or those of the files given. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const ALL = ['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts']
/** Longest time one test may take, in milliseconds: it holds on machines that are busy with something else too. */
const TEST_TIMEOUT_MS = 600_000
// Node itself takes one file less at a time than there are cores: on two cores a file that waits would leave both idle.
const FILES_AT_ONCE = Math.max(2, availableParallelism() - 1)

const given = process.argv.slice(2)
const options = ['--test', `--test-timeout=${TEST_TIMEOUT_MS}`, `--test-concurrency=${FILES_AT_ONCE}`]
const { status } = spawnSync(process.execPath, [...options, ...(given.length > 0 ? given : ALL)], { stdio: 'inherit' })
process.exitCode = status ?? 1
