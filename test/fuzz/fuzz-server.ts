import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, fetch } from 'undici'
import type { FromFuzzServer } from './server-process.ts'

const PAT = 'fuzz0123456789abcdef0123456789ab'
const ENTRY = fileURLToPath(new URL('server-process.ts', import.meta.url))

/** Status of one output, or of the whole answer. */
export interface AnswerStatus {
  readonly code: number
  readonly details?: string
}

/** What a prediction was answered. */
export interface Answer {
  readonly status: AnswerStatus
  readonly outputs?: readonly { readonly status: AnswerStatus }[]
}

/** A real server in a process of its own. */
export interface FuzzServer extends AsyncDisposable {
  readonly port: number
  readonly pat: string
  /** What the server logged as warnings and errors since the last call. */
  complaints(): string[]
  /** Resident memory of the server and of its largest worker, in bytes, and how many handles the server has open. */
  memory(): Promise<{ serverBytes: number; workerBytes: number; handles: number }>
  predict(modelId: string, data: readonly object[]): Promise<Answer>
}

/** Starts the server; its end before it is told to is an error of whatever waits for it. */
export async function startFuzzServer(): Promise<FuzzServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'limpid-fuzz-'))
  const child = fork(ENTRY, [dataDir, PAT], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const died = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the server ended with ${signal ?? `code ${code}`}`)
  })
  died.catch(() => {})
  let complaints: string[] = []
  const heard = <T extends FromFuzzServer['type']>(type: T): Promise<Extract<FromFuzzServer, { type: T }>> => {
    const message = new Promise<Extract<FromFuzzServer, { type: T }>>((resolve) => {
      const look = (got: FromFuzzServer): void => {
        if (got.type !== type) return
        child.off('message', look)
        resolve(got as Extract<FromFuzzServer, { type: T }>)
      }
      child.on('message', look)
    })
    return Promise.race([message, died])
  }
  child.on('message', (message: FromFuzzServer) => {
    if (message.type === 'complaint') complaints.push(message.text)
  })
  const { port } = await heard('ready')
  const dispatcher = new Agent({ connections: 8, headersTimeout: 0, bodyTimeout: 0 })
  return {
    port,
    pat: PAT,
    complaints() {
      const heardSoFar = complaints
      complaints = []
      return heardSoFar
    },
    memory() {
      const answer = heard('memory')
      child.send('memory')
      return answer
    },
    async predict(modelId, data) {
      const url = `http://127.0.0.1:${port}/v2/users/clarifai/apps/main/models/${modelId}/outputs`
      const headers = { authorization: `Key ${PAT}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ inputs: data.map((item) => ({ data: item })) })
      const response = await Promise.race([fetch(url, { method: 'POST', headers, body, dispatcher }), died])
      return (await Promise.race([response.json(), died])) as Answer
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.destroy()
      if (child.connected) {
        const ended = once(child, 'exit')
        child.send('close')
        await ended
      }
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
