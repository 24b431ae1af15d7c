/** The folder layout of the store: `<dir>/<id>/<key>/` with the kept files and a marker that says what they are. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CONVERTER_VERSION } from './manifest.ts'
import { packagesOf, type WeightSource } from './manifest-types.ts'
import { syncToDisk } from './sync-to-disk.ts'

/** Paths of the kept files by output key. */
export type InstalledFiles = Record<string, string>

const MARKER_FILE = 'weights.json'
const KEY_LENGTH = 16

/** What the marker file says; it is written last, so its presence means that the folder is whole. */
interface Marker {
  id: string
  package: string
  integrity: string
  converterVersion: number
  packageLicense: string
  modelLicense: string
  provenance: string
  /** Sizes by file name. */
  files: Record<string, number>
}

/** Names one exact outcome: the same package bytes, the same conversion and the same converter. */
export function installKey(source: WeightSource): string {
  const names = Object.entries(source.outputs).map(([key, { file }]) => [key, file])
  const more = source.more?.map((part) => part.package.integrity) ?? []
  const identity = JSON.stringify([source.package.integrity, CONVERTER_VERSION, source.conversion, names, ...more])
  return createHash('sha256').update(identity).digest('hex').slice(0, KEY_LENGTH)
}

/** The folder where the files of a source belong. */
export function installDir(dir: string, id: string, source: WeightSource): string {
  return join(dir, id, installKey(source))
}

/** The kept files when all of them are there in full, otherwise undefined. */
export function installedFiles(dir: string, id: string, source: WeightSource): InstalledFiles | undefined {
  const folder = installDir(dir, id, source)
  try {
    const marker = JSON.parse(readFileSync(join(folder, MARKER_FILE), 'utf8')) as Partial<Marker>
    const files: InstalledFiles = {}
    for (const [key, { file }] of Object.entries(source.outputs)) {
      const path = join(folder, file)
      if (statSync(path).size !== marker.files?.[file]) return undefined
      files[key] = path
    }
    return files
  } catch {
    // Absent, or damaged by something outside: either way it has to be made anew.
    return undefined
  }
}

async function writeMarker(folder: string, id: string, source: WeightSource): Promise<void> {
  const files: Record<string, number> = {}
  for (const { file } of Object.values(source.outputs)) files[file] = (await stat(join(folder, file))).size
  const packages = packagesOf(source)
  const marker: Marker = {
    id,
    package: packages.map(({ name, version }) => `${name}@${version}`).join(' '),
    integrity: packages.map(({ integrity }) => integrity).join(' '),
    converterVersion: CONVERTER_VERSION,
    packageLicense: source.package.license,
    modelLicense: source.modelLicense.id,
    provenance: source.provenance,
    files,
  }
  const path = join(folder, MARKER_FILE)
  await writeFile(path, `${JSON.stringify(marker, null, 2)}\n`, { flag: 'wx' })
  await syncToDisk(path)
  await syncFolder(folder)
}

/** Makes renames and new names in a folder durable; some platforms cannot open folders, and there it is skipped. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  try {
    await handle?.sync().catch(() => {})
  } finally {
    await handle?.close()
  }
}

/**
 * Moves a finished folder to its place in one step, so that nobody ever sees half of it.
 *
 * The caller holds the lock of the package. A damaged folder in that place is moved to `<finished>.old` first.
 */
export async function publish(finished: string, dir: string, id: string, source: WeightSource): Promise<void> {
  await writeMarker(finished, id, source)
  const target = installDir(dir, id, source)
  await mkdir(dirname(target), { recursive: true })
  await rename(target, `${finished}.old`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rename(finished, target)
  await syncFolder(dirname(target))
}

/** Deletes a folder and everything in it; one that does not exist is fine. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

/** Deletes what earlier versions of a source left behind and returns the deleted folders. */
export async function removeOutdated(dir: string, id: string, source: WeightSource): Promise<string[]> {
  const current = installKey(source)
  const names = await readdir(join(dir, id)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const outdated = names.filter((name) => name !== current).map((name) => join(dir, id, name))
  for (const folder of outdated) await removeFolder(folder)
  return outdated
}
