import { Header } from 'tar'

export { zipOf } from '../../src/model-packages/test-zip.ts'

/** An entry of a tar file; the type is that of a file unless said. */
export interface TarPart {
  readonly name: string
  readonly bytes?: Uint8Array | string
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice'
  readonly linkpath?: string
}

const BLOCK = 512

/** The bytes of a tar file with these entries, hostile names and links included. */
export function tarOf(parts: readonly TarPart[]): Buffer {
  const blocks = parts.flatMap(({ name, bytes = '', type = 'File', linkpath }) => {
    const content = Buffer.from(bytes as Uint8Array)
    const size = type === 'File' ? content.length : 0
    const header = new Header({ path: name, type, size, mode: 0o644, ...(linkpath === undefined ? {} : { linkpath }) })
    header.encode()
    return [header.block!, content.subarray(0, size), Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)])
}
