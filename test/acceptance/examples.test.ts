// The examples run as they are, against a started server: train, evaluate and improve with each official client.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PAT, startLimpid, USER } from './kit/server.ts'

const limpid = await startLimpid()
after(() => limpid[Symbol.asyncDispose]())

async function run(name: string): Promise<string> {
  const file = join(import.meta.dirname, '..', '..', 'examples', name)
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, LIMPID_URL: limpid.url, LIMPID_PAT: PAT, LIMPID_USER: USER },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, stderr)
  return stdout
}

/** Five ids of pictures. */
const SUGGESTED = /: (\w+-\d+, ){4}\w+-\d+$/

/** Share of the pictures that a line says are recognised. */
function shareOf(line: string): number | undefined {
  const [, right, all] = /(\d+) of (\d+) new pictures/.exec(line) ?? []
  return right === undefined ? undefined : Number(right) / Number(all)
}

const f1Of = (line: string | undefined): number => Number(/F1 ([\d.]+)/.exec(line ?? '')?.[1])

for (const name of ['clarifai-nodejs-grpc.mjs', 'clarifai-nodejs.mjs']) {
  test(`${name}: what the model asked for makes it better`, async () => {
    const lines = (await run(name)).split('\n')
    const [before, after] = [5, 10].map((labels) =>
      f1Of(lines.find((line) => line.startsWith(`after ${labels} labels`))),
    )
    assert.ok(after! > before! && after! > 0.8, lines.join('\n'))
    assert.match(lines.find((line) => line.startsWith('worth labelling'))!, SUGGESTED)
  })
}

test('clarifai-web-grpc.mjs: what the model asked for does not make it worse, and most new pictures are recognised', async () => {
  const lines = (await run('clarifai-web-grpc.mjs')).split('\n')
  const [before, after] = lines.map(shareOf).filter((share) => share !== undefined)
  assert.ok(after! >= before! && after! > 0.8, lines.join('\n'))
  assert.match(lines.find((line) => line.startsWith('worth labelling'))!, SUGGESTED)
  assert.ok(f1Of(lines.find((line) => line.startsWith('cross-validated'))) > 0.8)
})

test('clarifai.mjs: trained by REST, most new pictures are recognised', async () => {
  const lines = (await run('clarifai.mjs')).split('\n')
  assert.ok(lines.map(shareOf).find((share) => share !== undefined)! > 0.7, lines.join('\n'))
  assert.ok(f1Of(lines.find((line) => line.startsWith('cross-validated'))) > 0.8)
})
