/** The part of `docs/models.md` on model types: how models of each come to run here, or why they do not. */
import { catalogueModels, hubWeights } from '../../src/catalogue/index.ts'
import { trainingKind } from '../../src/domain/training/kinds.ts'
import { MODEL_TYPES } from '../../src/engines/onnx-model/layers.ts'
import { OIP_TYPES, OPENAI_TYPES } from '../../src/remote/served-types.ts'
import { isOperatorType, modelTypes } from '../../src/workflow/model-types/index.ts'
import { cell, code, row } from './cells.ts'
import { demandRealTests } from './real-tests.ts'

/** Why models of some types cannot run here, with what does instead. */
const NO_WAY: Readonly<Record<string, string>> = {
  landmarks: 'an older form of visual-keypointer; use that.',
  mcp: 'the server is no client of such tools; connect them where your language model runs.',
  'text-to-audio': 'nothing here speaks, and no remote interface for it is built.',
  'visual-anomaly-heatmap': 'nothing trains it; bring a visual-classifier or visual-segmenter of your own as ONNX.',
}

/** Ways in which a type's models run, in words. */
function waysOf(typeId: string): string[] {
  const listed = catalogueModels.filter((model) => model.typeId === typeId && model.unavailable === undefined)
  const builtIn = listed.filter((model) => hubWeights(model).length === 0).length
  const optional = listed.length - builtIn
  return [
    ...(builtIn > 0 ? [`${builtIn} built in`] : []),
    ...(optional > 0 ? [`${optional} optional`] : []),
    ...((MODEL_TYPES as readonly string[]).includes(typeId) ? ['brought as ONNX'] : []),
    ...(typeId === 'embedding-classifier' ? ['weights in its parameters'] : []),
    ...(trainingKind(typeId) ? ['trained here'] : []),
    ...(OPENAI_TYPES.includes(typeId) ? ['remote (OpenAI interface)'] : []),
    ...(OIP_TYPES.includes(typeId) ? ['remote (Open Inference Protocol)'] : []),
  ]
}

/** Ids that tests may name for a type: its own, and those of its models. */
const namesOf = (typeId: string): string[] => [
  typeId,
  ...catalogueModels.filter((model) => model.typeId === typeId && model.engine !== undefined).map(({ id }) => id),
]

function typeRow(typeId: string): string {
  const { inputFields, outputFields } = modelTypes.get(typeId)!
  const ways = waysOf(typeId)
  const fields = [inputFields, outputFields].map((list) =>
    list
      .flatMap((field) => field.split(','))
      .map(code)
      .join('<br>'),
  )
  if (ways.length > 0) {
    const tests = demandRealTests(`The model type ${typeId}`, namesOf(typeId))
    return row([code(typeId), ...fields, `works: ${ways.join(', ')}`, tests.join('<br>')])
  }
  const reason = NO_WAY[typeId]
  if (reason === undefined)
    throw new Error(`Nothing runs models of the type ${typeId}; say why in tools/docs/model-types.ts.`)
  return row([code(typeId), ...fields, cell(`unavailable: ${reason}`), ''])
}

/** The section as lines. */
export function modelTypesSection(): string[] {
  const learned = [...modelTypes.keys()].filter((id) => !isOperatorType(id))
  return [
    '## Model types',
    '',
    'Operators have a page of their own (docs/operators.md). Brought models: docs/bring-your-own.md; remote ones:',
    'docs/remote-runtimes.md. The tests named here run on real pictures, recordings and texts.',
    '',
    row(['type', 'takes', 'gives', 'status', 'tests']),
    row(['---', '---', '---', '---', '---']),
    ...learned.map(typeRow),
    '',
  ]
}
