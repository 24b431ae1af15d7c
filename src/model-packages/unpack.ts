import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { uploadProblem } from '../engines/onnx-model/problem.ts'
import { readLabels } from './labels.ts'
import { CONFIG_BYTES_MAX, LABELS_BYTES_MAX } from './limits.ts'
import { parseTextFormat, type TextMessage } from './pbtxt.ts'
import { PackageZip } from './zip.ts'

/** The parts of a package. */
export interface Unpacked {
  /** Path of the model file. */
  readonly model: string
  readonly labels?: readonly string[]
  readonly config?: PackageConfig
}

/** What Triton's config.pbtxt says of the tensors, without a dimension for batches. */
export interface PackageConfig {
  readonly inputs: readonly ConfigTensor[]
  readonly outputs: readonly ConfigTensor[]
}

/** A tensor as config.pbtxt describes it, its type without `TYPE_`. */
export interface ConfigTensor {
  readonly name: string
  readonly type: string
}

/** Name of the unpacked model in the folder of the check. */
const MODEL_NAME = 'model.onnx'
const ZIP_SIGNS = ['PK\x03\x04', 'PK\x05\x06']
const LABEL_NAMES = ['labels.txt', 'labels.csv']

/**
 * Finds the model in what a user has sent: a zip file in the packaging of Triton (config.pbtxt, 1/model.onnx and a
 * file of labels), a zip file with one .onnx file, or the .onnx file itself. What is unpacked goes into `folder`, under
 * names of our own. Throws AppError 21105.
 */
export async function unpackModel(path: string, folder: string): Promise<Unpacked> {
  if (!ZIP_SIGNS.includes(await firstBytes(path))) return { model: path }
  await using zip = await PackageZip.open(path)
  const { names } = zip
  const configName = shallowest(names.filter((name) => baseOf(name) === 'config.pbtxt'))
  const root = configName?.slice(0, -'config.pbtxt'.length)
  const config = configName && parseTextFormat((await zip.bytes(configName, CONFIG_BYTES_MAX)).toString('utf8'))
  const modelName = findModel(names, root)
  const model = join(folder, MODEL_NAME)
  await zip.unpack(modelName, model)
  const labelsName = findLabels(names, root ?? '', config || undefined)
  const labels = labelsName && readLabels(await zip.bytes(labelsName, LABELS_BYTES_MAX))
  return {
    model,
    ...(labels ? { labels } : {}),
    ...(config ? { config: { inputs: tensorsOf(config, 'input'), outputs: tensorsOf(config, 'output') } } : {}),
  }
}

async function firstBytes(path: string): Promise<string> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

const baseOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1)
const depthOf = (name: string): number => name.split('/').length

const shallowest = (names: readonly string[]): string | undefined =>
  [...names].sort((a, b) => depthOf(a) - depthOf(b) || a.localeCompare(b))[0]

/** The file of the highest version below the root, else the only .onnx file there is. */
function findModel(names: readonly string[], root: string | undefined): string {
  const versions = names.flatMap((name) => {
    const [, folder, version] = /^(.*\/)?([1-9]\d{0,8})\/model\.onnx$/.exec(name) ?? []
    return version && (root === undefined || (folder ?? '') === root) ? [{ name, version: Number(version) }] : []
  })
  const newest = versions.sort((a, b) => b.version - a.version)[0]
  if (newest) return newest.name
  const models = names.filter((name) => name.endsWith('.onnx'))
  if (models.length === 1) return models[0]!
  const python = names.some((name) => /\.(py|pt|pth|pb|h5|safetensors)$/.test(name))
  throw uploadProblem(
    models.length > 1
      ? 'The package has several .onnx files; put the model into 1/model.onnx.'
      : `The package has no model: it must have a file 1/model.onnx.${python ? ' Only ONNX runs here, so export the model to it.' : ''}`,
  )
}

/** The file that config.pbtxt names for its outputs, else one of the usual name. */
function findLabels(names: readonly string[], root: string, config: TextMessage | undefined): string | undefined {
  const outputs = (config?.output ?? []).filter((value) => typeof value === 'object')
  const [named] = outputs.flatMap(({ label_filename: files = [] }) => files)
  if (typeof named === 'string') {
    const found = names.find((name) => name === `${root}${named}`)
    if (found) return found
    throw uploadProblem(`The package lacks the labels file '${named.slice(0, 100)}' that config.pbtxt names.`)
  }
  return LABEL_NAMES.map((name) => `${root}${name}`).find((name) => names.includes(name))
}

function tensorsOf(config: TextMessage, field: 'input' | 'output'): ConfigTensor[] {
  return (config[field] ?? []).map((value) => {
    const { name: [name] = [], data_type: [type] = [] } = typeof value === 'object' ? value : {}
    if (typeof name !== 'string' || typeof type !== 'string') {
      throw uploadProblem(`An ${field} of config.pbtxt lacks its name or its data_type.`)
    }
    return { name, type: type.replace(/^TYPE_/, '') }
  })
}
