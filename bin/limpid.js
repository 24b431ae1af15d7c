#!/usr/bin/env node
// Plain JavaScript, because an older Node may be the one that finds it: the program itself runs on the Node that the
// package pins.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import nodeModule from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'

const NODE_MAJOR_MIN = 24
const cli = fileURLToPath(new URL('../src/main/cli.ts', import.meta.url))

/**
 * Where a server keeps its compiled code: without compiling it starts in a fraction of the time, and without the
 * TypeScript compiler it takes 30 MB less. Other commands are too short to be worth a folder.
 */
function codeCache() {
  if (process.argv[2] !== 'serve') return undefined
  const given = process.argv.flatMap((arg, at, all) => (arg === '--data-dir' ? [all[at + 1]] : []))
  const joined = process.argv
    .filter((arg) => arg.startsWith('--data-dir='))
    .map((arg) => arg.slice('--data-dir='.length))
  const dataDir = given.at(-1) ?? joined.at(-1) ?? process.env.LIMPID_DATA_DIR ?? ''
  return resolve(dataDir || './data', 'code-cache')
}

const cache = codeCache()

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  if (cache !== undefined) {
    nodeModule.enableCompileCache(cache)
    // Loading would let the space for young objects grow to 64 MB, which an idle server then never gives back. From
    // its ready line on it may grow as usual.
    v8.setFlagsFromString('--semi-space-growth-factor=1')
  }
  await import(cli)
} else {
  const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  if (!existsSync(pinned)) {
    console.error(`Limpid runs on Node ${NODE_MAJOR_MIN} or newer; 'npm ci' installs one beside it.`)
    process.exit(1)
  }
  const env = cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache }
  const child = spawn(pinned, [cli, ...process.argv.slice(2)], { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)))
}
