import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { registry } from '../../src/api/registry.ts'
import { systemClock } from '../../src/base/clock.ts'
import { newId } from '../../src/base/ids.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { SettingName } from '../../src/config/env.ts'
import type { V2 } from '../../src/contract/index.ts'
import { methodInfo, type RequestOf, type ResponseOf, type RpcName } from '../../src/contract/methods.ts'
import { insertCredential, type NewCredential } from '../../src/domain/credentials/make.ts'
import type { Services } from '../../src/domain/services.ts'
import { buildServices } from '../../src/main/services.ts'
import type { Runtime } from '../../src/runtime/protocol.ts'
import { WeightStore } from '../../src/weights/store.ts'
import { createDispatcher } from '../../src/wire/pipeline/dispatcher.ts'

import { testModelsDir } from './models-dir.ts'

type InputOf<N extends RpcName> = (typeof V2)['method'][Uncapitalize<N> & keyof (typeof V2)['method']]['input']

/** The messages of a stream: all at once, or as they come. */
type Requests<N extends RpcName> = readonly MessageInitShape<InputOf<N>>[] | AsyncIterable<MessageInitShape<InputOf<N>>>

/** How a test call presents itself. */
export interface CallAs {
  /** Secret of an app key or personal access token; the first user's token by default, none with null. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A user that a test has made. */
export interface TestUser {
  readonly pk: number
  readonly id: string
  readonly pat: string
}

/** The whole server without sockets: calls go through the real pipeline, store and handlers. */
export interface TestServer extends AsyncDisposable {
  readonly services: Services
  /** The first user, with all scopes. */
  readonly admin: TestUser
  call<N extends RpcName>(name: N, request: MessageInitShape<InputOf<N>>, as?: CallAs): Promise<ResponseOf<N>>
  stream<N extends RpcName>(
    name: N,
    requests: readonly MessageInitShape<InputOf<N>>[],
    as?: CallAs,
  ): Promise<ResponseOf<N>[]>
  makeUser(id: string, visibility?: number): Promise<TestUser>
  /** The messages of a streaming RPC as they come. */
  streamOf<N extends RpcName>(
    name: N,
    requests: Requests<N>,
    as?: CallAs,
  ): AsyncGenerator<ResponseOf<N>, void, undefined>
  /** A credential straight into the store: any kind, any scopes. */
  makeKey(wanted: Omit<NewCredential, 'scopes'> & { readonly scopes?: readonly string[] }): Promise<string>
}

/** How a test server differs from a plain one. */
export interface TestServerOptions {
  /** Settings by name. */
  readonly settings?: Partial<Record<SettingName, string>>
  /** Services to put in place of the real ones. */
  readonly overrides?: Partial<Services>
  /** Starts worker processes with the real models, from the weights cache that all tests share. */
  readonly models?: boolean
  readonly log?: Log
}

// Most tests never predict, and a worker process takes longer to start than they take to run.
const noRuntime: Runtime = {
  run: () => Promise.reject(new Error('this test server was started without models')),
  ready: () => Promise.resolve(),
  unload: () => Promise.resolve(),
  stats: () => Promise.resolve([]),
  close: () => Promise.resolve(),
}

/** Starts a test server on a temporary data folder. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'limpid-test-'))
  const pat = newId()
  const config = loadConfig(
    {},
    { dataDir, pat, log: 'silent', modelPull: 'off', tune: 'off', workers: '1', ...options.settings },
  )
  const log = options.log ?? silentLog
  const inference: Partial<Services> = options.models
    ? { weights: new WeightStore({ dir: testModelsDir(), log, autoPull: true }) }
    : { runtime: noRuntime }
  const built = await buildServices(config, log, { clock: systemClock, ...inference, ...options.overrides })
  const { services } = built
  await services.jobs.start(services)
  const dispatcher = createDispatcher(registry, services, () => {})
  const admin = (await services.directory.user('admin'))!

  const incoming = (name: RpcName, as: CallAs) => {
    const key = as.key === undefined ? pat : as.key
    const headers: Record<string, string> = { ...(key === null ? {} : { authorization: `Key ${key}` }), ...as.headers }
    return {
      method: methodInfo(name),
      transport: 'http' as const,
      header: (header: string) => headers[header],
      remoteAddress: '127.0.0.1',
      signal: as.signal ?? new AbortController().signal,
    }
  }

  const streamOf: TestServer['streamOf'] = async function* (name, requests, as = {}) {
    const messages = async function* () {
      for await (const request of requests) yield create(methodInfo(name).input, request as never) as RequestOf<RpcName>
    }
    for await (const message of dispatcher.stream(incoming(name, as), messages())) yield message as never
  }

  return {
    services,
    admin: { ...admin, pat },
    async call(name, request, as = {}) {
      const message = create(methodInfo(name).input, request as never)
      return (await dispatcher.unary(incoming(name, as), message)) as never
    },
    async stream(name, requests, as = {}) {
      return Array.fromAsync(streamOf(name, requests, as))
    },
    streamOf,
    async makeUser(id, visibility = 10) {
      const now = services.clock.now()
      const secret = newId()
      const userPk = await services.db.transact(async (tx) => {
        const { pk } = await tx
          .insertInto('users')
          .values({ id, doc: '{}', visibility, password_hash: null, created_at: now, modified_at: now })
          .returning('pk')
          .executeTakeFirstOrThrow()
        await insertCredential(tx, { userPk: pk, kind: 'pat', scopes: ['All'], secret }, now)
        return pk
      })
      return { pk: userPk, id, pat: secret }
    },
    async makeKey(wanted) {
      const { secret } = await services.db.transact((tx) =>
        insertCredential(tx, { scopes: ['All'], ...wanted }, services.clock.now()),
      )
      return secret
    },
    async [Symbol.asyncDispose]() {
      await built.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
