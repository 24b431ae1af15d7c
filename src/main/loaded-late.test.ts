import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

const SCRIPT = `
  import { createRequire } from 'node:module'
  await import(${JSON.stringify(new URL('./server.ts', import.meta.url).href)})
  await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)})
  console.log(Object.keys(createRequire('file:///').cache).join('\\n'))
`

test('what few servers need, and takes megabytes, is loaded when it is needed', () => {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', SCRIPT]
  const loaded = execFileSync(process.execPath, args, { encoding: 'utf8' })
  assert.match(loaded, /node_modules\/pino\//, 'the list shows what is loaded')
  for (const name of ['undici', 'pino-pretty', 'sharp', 'onnxruntime-node', 'nodemailer', 'pacote', 'pg']) {
    assert.ok(!loaded.includes(`/node_modules/${name}/`), name)
  }
})
