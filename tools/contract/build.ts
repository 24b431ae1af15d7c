/**
 * Builds the contract: merges the descriptors of the two published contracts and generates code into
 * `src/contract/gen`. Run by install; `--if-stale` does nothing when the output is already of these inputs.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'
import { mergeDescriptors } from './merge.ts'
import { CONTRACT_PACKAGES, layOutProtos, packageDir, packageVersion } from './sources.ts'

const root = join(import.meta.dirname, '..', '..')
const outDir = join(root, 'src', 'contract', 'gen')
const stampFile = join(outDir, 'stamp.json')
const MAX_PLUGIN_OUTPUT_BYTES = 256 * 1024 * 1024

function binOf(packageName: string, bin: string): string {
  const dir = packageDir(packageName)
  const pkg = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { bin: Record<string, string> }
  return join(dir, pkg.bin[bin]!)
}

function stampOfInputs(): string {
  const hash = createHash('sha256')
  for (const file of ['build.ts', 'merge.ts', 'sources.ts']) hash.update(readFileSync(join(import.meta.dirname, file)))
  const versions = [...CONTRACT_PACKAGES, '@bufbuild/buf', '@bufbuild/protobuf', '@bufbuild/protoc-gen-es']
  return JSON.stringify({ tool: hash.digest('hex'), versions: versions.map((v) => `${v}@${packageVersion(v)}`) })
}

function compile(name: string, workDir: string): FileDescriptorSet {
  const dir = join(workDir, name)
  layOutProtos(name, dir)
  const image = join(workDir, `${name}.binpb`)
  execFileSync(
    process.execPath,
    [binOf('@bufbuild/buf', 'buf'), 'build', dir, '--as-file-descriptor-set', '-o', image],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, BUF_CACHE_DIR: join(workDir, 'buf-cache') },
    },
  )
  return fromBinary(FileDescriptorSetSchema, readFileSync(image))
}

function generate(merged: FileDescriptorSet): void {
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: merged.file.map((f) => f.name).filter((n) => !n.startsWith('google/protobuf/')),
    parameter: 'target=js+dts,import_extension=js',
    protoFile: merged.file,
  })
  const plugin = binOf('@bufbuild/protoc-gen-es', 'protoc-gen-es')
  const output = execFileSync(process.execPath, [plugin], {
    input: toBinary(CodeGeneratorRequestSchema, request),
    maxBuffer: MAX_PLUGIN_OUTPUT_BYTES,
  })
  const response = fromBinary(CodeGeneratorResponseSchema, output)
  if (response.error) throw new Error(response.error)
  rmSync(outDir, { recursive: true, force: true })
  for (const file of response.file) {
    const path = join(outDir, file.name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, file.content)
  }
}

function main(): void {
  const stamp = stampOfInputs()
  const fresh = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
  if (process.argv.includes('--if-stale') && fresh) return
  const workDir = mkdtempSync(join(tmpdir(), 'limpid-contract-'))
  try {
    const sets = CONTRACT_PACKAGES.map((name) => compile(name, workDir))
    const { merged, notes } = mergeDescriptors(sets[0]!, sets[1]!)
    generate(merged)
    writeFileSync(join(outDir, 'merge-notes.json'), `${JSON.stringify(notes, null, 2)}\n`)
    writeFileSync(stampFile, stamp)
    console.log(`contract: ${merged.file.length} files merged, ${notes.length} differences noted`)
  } finally {
    rmSync(workDir, { recursive: true, force: true })
  }
}

main()
