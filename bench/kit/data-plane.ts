import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { registry } from '../../src/api/registry.ts'
import { newId } from '../../src/base/ids.ts'
import { silentLog } from '../../src/base/log.ts'
import { loadConfig } from '../../src/config/config.ts'
import { StatusCode, type V2 } from '../../src/contract/index.ts'
import { methodInfo, type ResponseOf, type RpcName } from '../../src/contract/methods.ts'
import type { Services } from '../../src/domain/services.ts'
import { buildServices } from '../../src/main/services.ts'
import { createDispatcher } from '../../src/wire/pipeline/dispatcher.ts'

type InputOf<N extends RpcName> = (typeof V2)['method'][Uncapitalize<N> & keyof (typeof V2)['method']]['input']

/** How a data plane is opened. */
export interface PlaneOptions {
  readonly processing: boolean
  readonly folder?: string | undefined
}

/** The server without sockets on a data folder of its own, with one app whose inputs go through no models. */
export interface DataPlane extends AsyncDisposable {
  readonly services: Services
  readonly appPk: number
  readonly dataDir: string
  readonly userAppId: { readonly userId: string; readonly appId: string }
  call<N extends RpcName>(name: N, request: MessageInitShape<InputOf<N>>): Promise<ResponseOf<N>>
}

/**
 * Opens it; without `processing` what is posted waits for ever, so that posting alone is measured. With a folder it is
 * opened there, as it was left, and kept.
 */
export async function openDataPlane({ processing, folder }: PlaneOptions): Promise<DataPlane> {
  const dataDir = folder ?? (await mkdtemp(join(tmpdir(), 'limpid-bench-')))
  const pat = await patOf(dataDir)
  const config = loadConfig({}, { dataDir, pat, log: 'silent', modelPull: 'off' })
  const built = await buildServices(config, silentLog)
  const { services } = built
  if (processing) await services.jobs.start(services)
  const dispatcher = createDispatcher(registry, services, () => {})
  const call: DataPlane['call'] = async (name, request) => {
    const method = methodInfo(name)
    const incoming = {
      method,
      transport: 'http' as const,
      header: (header: string) => (header === 'authorization' ? `Key ${pat}` : undefined),
      remoteAddress: '127.0.0.1',
      signal: new AbortController().signal,
    }
    const response = await dispatcher.unary(incoming, create(method.input, request as never))
    const status = (response as { status?: { code: number; details: string } }).status
    if (status?.code !== StatusCode.SUCCESS) throw new Error(`${name}: ${status?.code} ${status?.details}`)
    return response as never
  }
  const userAppId = { userId: 'admin', appId: 'bench' }
  const defaultWorkflow = { id: 'Empty', appId: 'main', userId: 'clarifai' }
  const admin = (await services.directory.user('admin'))!
  if (!(await services.directory.app(admin.pk, 'bench'))) {
    await call('PostApps', { userAppId: { userId: 'admin' }, apps: [{ id: 'bench', defaultWorkflow }] })
  }
  const { pk: appPk } = (await services.directory.app(admin.pk, 'bench'))!
  return {
    services,
    appPk,
    dataDir,
    userAppId,
    call,
    async [Symbol.asyncDispose]() {
      await built.close()
      if (folder === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The token that the server of a folder was started with first. */
async function patOf(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true })
  const file = join(dataDir, 'bench.pat')
  const known = await readFile(file, 'utf8').catch(() => undefined)
  if (known === undefined) await writeFile(file, newId(), { mode: 0o600 })
  return readFile(file, 'utf8')
}

/** The request of some texts, each of about a line. */
export function textRequest(plane: DataPlane, count: number, from = 0) {
  const line = 'what somebody has said about a thing, long enough to be a line of a table '
  const inputs = Array.from({ length: count }, (_, at) => ({ data: { text: { raw: `${line}${from + at}` } } }))
  return { userAppId: plane.userAppId, inputs }
}
