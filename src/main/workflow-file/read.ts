import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { parse } from 'yaml'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** The model of a node: one that exists, by its ids, or what to make one of where there is none. */
export interface FileModel {
  readonly modelId: string
  readonly modelVersionId?: string
  readonly userId?: string
  readonly appId?: string
  readonly modelTypeId?: string
  readonly description?: string
  readonly outputInfo?: JsonObject
}

/** A node as files have it. */
export interface FileNode {
  readonly id: string
  readonly model: FileModel
  readonly nodeInputs: readonly string[]
  readonly suppressOutput: boolean
  readonly outputInfoOverride?: JsonObject
}

/** A workflow file, whichever client wrote it. */
export interface WorkflowFile {
  readonly id: string
  readonly nodes: readonly FileNode[]
}

/** Largest workflow file, in characters. */
export const FILE_CHARS_MAX = 1024 * 1024

const bad = (details: string): AppError => new AppError(StatusCode.WORKFLOW_INVALID_ARGUMENT, details)

/**
 * Reads the YAML of a workflow, with keys as the Python client writes them (`model_id`) or as the Node client does
 * (`modelId`). Throws AppError that names what is wrong; whether models exist is for the server to say.
 */
export function readWorkflowFile(text: string): WorkflowFile {
  if (text.length > FILE_CHARS_MAX) throw bad(`The file has more than ${FILE_CHARS_MAX} characters.`)
  let parsed: JsonValue
  try {
    parsed = parse(text) as JsonValue
  } catch (error) {
    throw bad(`The file is no YAML: ${(error as Error).message.split('\n')[0]}`)
  }
  const { workflow } = fieldsOf(parsed, 'the file', ['workflow'])
  const { id, nodes } = fieldsOf(workflow, 'workflow', ['id', 'nodes'])
  if (nodes !== undefined && !Array.isArray(nodes)) throw bad('workflow.nodes must be a list.')
  return {
    id: textOf(id, 'workflow.id'),
    nodes: (nodes ?? []).map((node, at) => nodeOf(node, `workflow.nodes[${at}]`)),
  }
}

function nodeOf(value: JsonValue, at: string): FileNode {
  const known = ['id', 'model', 'nodeInputs', 'suppressOutput', 'outputInfoOverride']
  const { id, model, nodeInputs, suppressOutput, outputInfoOverride } = fieldsOf(value, at, known)
  if (nodeInputs !== undefined && !Array.isArray(nodeInputs)) throw bad(`${at}.node_inputs must be a list.`)
  return {
    id: textOf(id, `${at}.id`),
    model: modelOf(model, `${at}.model`),
    nodeInputs: (nodeInputs ?? []).map((input, place) => {
      const name = `${at}.node_inputs[${place}]`
      return textOf(fieldsOf(input, name, ['nodeId']).nodeId, `${name}.node_id`)
    }),
    suppressOutput: suppressOutput === true,
    ...(outputInfoOverride === undefined
      ? {}
      : { outputInfoOverride: objectOf(outputInfoOverride, `${at}.output_info_override`) }),
  }
}

function modelOf(value: JsonValue | undefined, at: string): FileModel {
  const texts = ['modelVersionId', 'userId', 'appId', 'modelTypeId', 'description'] as const
  const fields = fieldsOf(value, at, ['modelId', 'outputInfo', ...texts])
  const model: { -readonly [K in keyof FileModel]: FileModel[K] } = {
    modelId: textOf(fields.modelId, `${at}.model_id`),
  }
  for (const name of texts) {
    const given = fields[name]
    if (given !== undefined && given !== null && given !== '') model[name] = textOf(given, `${at}.${snake(name)}`)
  }
  if (fields.outputInfo !== undefined) model.outputInfo = objectOf(fields.outputInfo, `${at}.output_info`)
  return model
}

/** The fields of an object by their names in camelCase; a name that is not known is refused, as it is misspelt. */
function fieldsOf(
  value: JsonValue | undefined,
  at: string,
  known: readonly string[],
): Record<string, JsonValue | undefined> {
  const fields: Record<string, JsonValue | undefined> = {}
  for (const [key, own] of Object.entries(objectOf(value, at))) {
    const name = known.find((one) => one === key || snake(one) === key)
    if (name === undefined) throw bad(`${at} has a field ${key} that is not known; use ${known.map(snake).join(', ')}.`)
    fields[name] = own
  }
  return fields
}

function objectOf(value: JsonValue | undefined, at: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw bad(`${at} must be an object with fields.`)
}

function textOf(value: JsonValue | undefined, at: string): string {
  // YAML reads ids of digits as numbers.
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string' && value !== '') return value
  throw bad(`${at} is missing; it must be a text.`)
}

/** A name as the Python client writes it. */
export const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
