import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { DEFAULT_WORKER_RSS_BYTES } from '../../src/runtime/limits.ts'
import { type FuzzServer, startFuzzServer } from './fuzz-server.ts'
import { imageSamples, soundSamples, videoSamples } from './media-samples.ts'
import { type Mutant, mutant, type Sample } from './mutate.ts'
import { FACTOR, keep, SEED } from './settings.ts'

const MIB = 1024 * 1024
/** Files in one request, and requests at a time: enough to keep both workers busy. */
const BATCH = 32
const REQUESTS = 3
/** Growth of the server in the second half of a run beyond which it counts as a leak, in bytes. */
const GROWTH_MAX = 150 * MIB

interface Group {
  readonly name: 'image' | 'video' | 'audio'
  readonly model: string
  readonly files: number
  readonly samples: () => Promise<Sample[]>
}

const GROUPS: readonly Group[] = [
  { name: 'image', model: 'color-recognition', files: 12_000, samples: imageSamples },
  { name: 'video', model: 'color-recognition', files: 4_000, samples: videoSamples },
  { name: 'audio', model: 'whisper-base-en', files: 4_000, samples: soundSamples },
]

/** Whether a file may be answered so: with success, or with a status about inputs and a sentence. */
const isFit = ({ code, details = '' }: { code: number; details?: string }): boolean =>
  code === StatusCode.SUCCESS || (code >= 30_000 && code < 31_000 && /^[A-Z].*\w.*\.$/s.test(details))

describe('damaged media', () => {
  let server: FuzzServer
  before(async () => {
    server = await startFuzzServer()
  })
  after(() => server[Symbol.asyncDispose]())

  for (const { name, model, files, samples } of GROUPS) {
    test(`${name} files: each is answered by itself, and nothing else suffers`, async (t) => {
      const whole = await samples()
      const count = Math.ceil(files * FACTOR)
      const seen = new Map<number, number>()
      const intact = await server.predict(model, inputs(name, whole))
      assert.deepEqual(
        intact.outputs?.map(({ status }, at) => [whole[at]!.name, status.code]),
        whole.map((sample) => [sample.name, StatusCode.SUCCESS]),
      )
      let next = 0
      const round = async (): Promise<void> => {
        const batches: Promise<void>[] = []
        for (; batches.length < REQUESTS && next < count; next += BATCH) {
          const size = Math.min(BATCH, count - next)
          const batch = Array.from({ length: size }, (_, at) => mutant(whole, SEED, next + at))
          batches.push(tryBatch(server, { name, model }, batch, seen))
        }
        await Promise.all(batches)
      }
      while (next < count / 2) await round()
      const early = await server.memory()
      while (next < count) await round()
      const late = await server.memory()
      t.diagnostic(`seed ${SEED}: ${count} files, ${[...seen].map(([code, n]) => `${n} x ${code}`).join(', ')}`)
      const [server0, server1, worker] = [early.serverBytes, late.serverBytes, late.workerBytes].map((n) =>
        Math.round(n / MIB),
      )
      t.diagnostic(`memory: server ${server0} MiB half way, ${server1} at the end, largest worker ${worker}`)
      const read = seen.get(StatusCode.SUCCESS) ?? 0
      assert.ok(read > count / 50 && read < count * 0.9, `${read} of ${count} files were read: the damage is not right`)
      assert.ok(late.serverBytes - early.serverBytes < GROWTH_MAX, 'the server keeps what it should forget')
      assert.ok(late.workerBytes < DEFAULT_WORKER_RSS_BYTES, 'a worker grew beyond its limit')
    })
  }
})

/** Sends damaged files in one request, counts the statuses, and fails with what was kept of files answered amiss. */
async function tryBatch(
  server: FuzzServer,
  { name, model }: Pick<Group, 'name' | 'model'>,
  batch: readonly Mutant[],
  seen: Map<number, number>,
): Promise<void> {
  const kept = (): string => batch.map((file) => keep(name, file)).join('\n')
  const answer = await server.predict(model, inputs(name, batch)).catch((error) => {
    throw new Error(`one of these ended the server:\n${kept()}`, { cause: error })
  })
  if (!answer.outputs) throw new Error(`${JSON.stringify(answer.status)} was answered to\n${kept()}`)
  assert.equal(answer.outputs.length, batch.length)
  for (const [at, { status }] of answer.outputs.entries()) {
    seen.set(status.code, (seen.get(status.code) ?? 0) + 1)
    if (!isFit(status)) throw new Error(`${status.code} '${status.details}' was answered to ${keep(name, batch[at]!)}`)
  }
  const complaints = server.complaints()
  if (complaints.length > 0) throw new Error(`${complaints.join('\n')} was logged for one of\n${kept()}`)
}

const inputs = (kind: Group['name'], files: readonly { readonly bytes: Uint8Array }[]): object[] =>
  files.map(({ bytes }) => ({ [kind]: { base64: Buffer.from(bytes).toString('base64') } }))
