import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { Header } from 'tar'
import type { PackageRef, SourceFile } from '../../../src/weights/manifest-types.ts'

/** An entry of an archive; `size` may lie about the length of the body. */
export interface TarEntry {
  path: string
  body?: Buffer | string
  type?: 'File' | 'SymbolicLink' | 'Directory'
  linkpath?: string
  size?: number
}

const BLOCK_BYTES = 512

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((BLOCK_BYTES - (body.length % BLOCK_BYTES)) % BLOCK_BYTES)])
}

/** An uncompressed archive with exactly these entries, however hostile their names are. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, body = '', type = 'File', linkpath, size }) => {
    const bytes = Buffer.from(body)
    const header = new Header({ path, type, linkpath, size: size ?? bytes.length, mode: 0o644, mtime: new Date(0) })
    header.encode()
    return [header.block!, padded(bytes)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)])
}

/** What npm would pack from these files. */
export function npmTarball(files: Readonly<Record<string, Buffer | string>>): Buffer {
  return gzipSync(tar(Object.entries(files).map(([path, body]) => ({ path: `package/${path}`, body }))))
}

/** A reference that pins a tarball. */
export function packageRef(name: string, version: string, tarball: Buffer): PackageRef {
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  return { name, version, integrity, license: 'MIT', downloadBytes: tarball.length }
}

/** The catalogue entry of one file. */
export function sourceFile(path: string, body: Buffer | string): SourceFile {
  const bytes = Buffer.from(body)
  return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
