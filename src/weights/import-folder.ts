/** Finds catalogue packages in a folder that somebody carried to a machine without network. */
import type { Dirent } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { MAX_TARBALL_BYTES } from './fetch.ts'
import type { PackageRef } from './manifest-types.ts'
import type { PackageOrigin } from './package-job.ts'
import { integrityOf } from './unpack.ts'

/** A folder with more entries than this is not one that was made for the import. */
const MAX_FOLDER_ENTRIES = 10_000
const MAX_PACKAGE_JSON_BYTES = 1024 * 1024

async function entriesOf(folder: string): Promise<Dirent[]> {
  return (await readdir(folder, { withFileTypes: true })).slice(0, MAX_FOLDER_ENTRIES)
}

async function namedVersion(folder: string): Promise<string | undefined> {
  const file = await open(join(folder, 'package.json'), 'r').catch(() => undefined)
  if (!file) return undefined
  try {
    if ((await file.stat()).size > MAX_PACKAGE_JSON_BYTES) return undefined
    const { name, version } = JSON.parse(await file.readFile('utf8')) as { name?: unknown; version?: unknown }
    return `${name}@${version}`
  } catch {
    // Not the manifest of a package, so not a package.
    return undefined
  } finally {
    await file.close()
  }
}

/** The folder itself, its sub-folders, and those of scopes and `node_modules` inside. */
async function* candidateFolders(dir: string, depth = 0): AsyncGenerator<string> {
  yield dir
  for (const entry of await entriesOf(dir)) {
    if (!entry.isDirectory() && !entry.isSymbolicLink()) continue
    const path = join(dir, entry.name)
    const holdsPackages = entry.name.startsWith('@') || entry.name === 'node_modules'
    if (holdsPackages && entry.isDirectory() && depth < 2) yield* candidateFolders(path, depth + 1)
    else yield path
  }
}

async function isSmallEnough(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    return (await file.stat()).size <= MAX_TARBALL_BYTES
  } finally {
    await file.close()
  }
}

/**
 * Looks for the tarballs (recognised by their contents, whatever they are called) and extracted packages of `packages`.
 *
 * Tarballs win over extracted packages. Rejects with MODEL_DEPLOYMENT_FAILED when the folder cannot be read.
 */
export async function findPackages(
  dir: string,
  packages: readonly PackageRef[],
  signal: AbortSignal,
): Promise<Map<PackageRef, PackageOrigin>> {
  const found = new Map<PackageRef, PackageOrigin>()
  const byVersion = new Map(packages.map((pkg) => [`${pkg.name}@${pkg.version}`, pkg]))
  const byIntegrity = new Map(packages.map((pkg) => [pkg.integrity, pkg]))
  try {
    for await (const folder of candidateFolders(dir)) {
      signal.throwIfAborted()
      const pkg = byVersion.get((await namedVersion(folder)) ?? '')
      if (pkg) found.set(pkg, { kind: 'folder', path: folder })
    }
    for (const entry of await entriesOf(dir)) {
      if (!entry.name.endsWith('.tgz')) continue
      const path = join(dir, entry.name)
      if (!(await isSmallEnough(path))) continue
      const pkg = byIntegrity.get(await integrityOf(path, signal))
      if (pkg) found.set(pkg, { kind: 'tarball', path })
    }
  } catch (error) {
    signal.throwIfAborted()
    throw new AppError(
      StatusCode.MODEL_DEPLOYMENT_FAILED,
      'The folder to import models from cannot be read; name an existing, readable folder with npm tarballs (*.tgz).',
      { cause: error },
    )
  }
  return found
}
