import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'

/** The two published contracts, newest first: where they disagree on a field number, the first one wins. */
export const CONTRACT_PACKAGES = ['clarifai-nodejs-grpc', 'clarifai-nodejs-grpc-9'] as const

// `service_processed` is a by-product of the package's own build and `test_proto` is no part of the service.
const NOT_CONTRACT = /(service_processed|test_proto)\.proto$/

/** Folder of an installed package, also when its `exports` hide the package.json. */
export function packageDir(name: string): string {
  const file = findPackageJSON(name, import.meta.url)
  if (!file) throw new Error(`package ${name} is missing; run npm ci`)
  return dirname(file)
}

/** Version of an installed package, as its own package.json says it. */
export function packageVersion(name: string): string {
  return (JSON.parse(readFileSync(join(packageDir(name), 'package.json'), 'utf8')) as { version: string }).version
}

/** Lays the `.proto` files of one contract package out in `dir` so that their own import paths resolve. */
export function layOutProtos(name: string, dir: string): void {
  mkdirSync(dir, { recursive: true })
  cpSync(join(packageDir(name), 'proto'), join(dir, 'proto'), {
    recursive: true,
    filter: (path) => !NOT_CONTRACT.test(path),
  })
  // google/api/*.proto is not in the contract packages; protobufjs ships the published files.
  const google = join(packageDir('protobufjs'), 'google', 'api')
  for (const file of ['annotations.proto', 'http.proto']) cpSync(join(google, file), join(dir, 'google', 'api', file))
}
