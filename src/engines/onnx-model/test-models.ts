/** Small ONNX models for tests of what users bring: real graphs whose answers follow from the colours of a picture. */
import { Message, nodeMessage, tensorMessage } from '../../weights/onnx/writer.ts'

/** ONNX numbers of element types. */
export const ELEMENT = { float32: 1, uint8: 2, int32: 6, int64: 7, string: 8, bool: 9 } as const
type Element = keyof typeof ELEMENT
type Dims = readonly (number | string)[]

interface Parts {
  readonly nodes: readonly Message[]
  readonly constants?: readonly Message[]
  readonly inputs: readonly Message[]
  readonly outputs: readonly Message[]
  readonly opset?: number
  /** Further domains, at version 1. */
  readonly domains?: readonly string[]
}

/** A graph input or output. */
export function value(name: string, type: Element, dims: Dims): Message {
  const shape = new Message()
  for (const dim of dims) {
    shape.message(1, typeof dim === 'string' ? new Message().string(2, dim) : new Message().int(1, dim))
  }
  const tensor = new Message().int(1, ELEMENT[type]).message(2, shape)
  return new Message().string(1, name).message(2, new Message().message(1, tensor))
}

/** The bytes of a model file. */
export function modelFile({ opset = 17, domains = [], ...parts }: Parts): Buffer {
  const model = new Message().int(1, 8).string(2, 'test').message(7, graph(parts))
  for (const [domain, version] of [['', opset] as const, ...domains.map((name) => [name, 1] as const)]) {
    model.message(8, new Message().string(1, domain).int(2, version))
  }
  return model.toBuffer()
}

function graph({ nodes, constants = [], inputs, outputs }: Omit<Parts, 'opset' | 'domains'>): Message {
  const message = new Message()
  for (const node of nodes) message.message(1, node)
  message.string(2, 'graph')
  for (const constant of constants) message.message(5, constant)
  for (const input of inputs) message.message(11, input)
  for (const output of outputs) message.message(12, output)
  return message
}

/** An attribute that is a list of texts. */
export const strings = (name: string, list: readonly string[]): Message => {
  const attribute = new Message().string(1, name)
  for (const text of list) attribute.string(9, text)
  return attribute.int(20, 8)
}

/** `mean`: the mean of each channel, 0..1, of UINT8 [h,w,3]. */
export const channelMeans = [
  nodeMessage('Cast', ['image'], ['floats'], { to: ELEMENT.float32 }),
  nodeMessage('ReduceMean', ['floats'], ['sums'], { axes: [0, 1], keepdims: 0 }),
  nodeMessage('Div', ['sums', 'full'], ['means']),
]
/** The largest byte, as a float. */
export const full = tensorMessage('full', 'float32', [1], [255])
/** A picture of any size. */
export const anyPicture = [value('image', 'uint8', ['h', 'w', 3])]

/** How much red, green and blue there is: UINT8 [-1,-1,3] -> softmax_predictions FP32 [3]. */
export const colourClassifier = (output = 'softmax_predictions'): Buffer =>
  modelFile({
    nodes: [
      ...channelMeans,
      nodeMessage('Mul', ['means', 'ten'], ['logits']),
      nodeMessage('Softmax', ['logits'], [output], { axis: -1 }),
    ],
    constants: [full, tensorMessage('ten', 'float32', [1], [10])],
    inputs: anyPicture,
    outputs: [value(output, 'float32', [3])],
  })

/** A classifier whose number of answers shows only when it runs: the means of the channels that occur. */
export const openClassifier = (): Buffer =>
  modelFile({
    nodes: [
      ...channelMeans,
      nodeMessage('Cast', ['means'], ['occurs'], { to: ELEMENT.bool }),
      nodeMessage('Compress', ['means', 'occurs'], ['softmax_predictions']),
    ],
    constants: [full],
    inputs: anyPicture,
    outputs: [value('softmax_predictions', 'float32', ['n'])],
  })

/** The same on FP32 [1,3,side,side] without softmax: raw means of what it was given. */
export const planarMeans = (side: number): Buffer =>
  modelFile({
    nodes: [nodeMessage('ReduceMean', ['pixels'], ['means'], { axes: [2, 3], keepdims: 0 })],
    inputs: [value('pixels', 'float32', [1, 3, side, side])],
    outputs: [value('means', 'float32', [1, 3])],
  })

/** A vector of the three channel means: UINT8 [-1,-1,3] -> embeddings FP32 [3]. */
export const colourEmbedder = (): Buffer =>
  modelFile({
    nodes: [...channelMeans, nodeMessage('Identity', ['means'], ['embeddings'])],
    constants: [full],
    inputs: anyPicture,
    outputs: [value('embeddings', 'float32', [3])],
  })

/** A box for each channel, in its own third from left to right, scored by the channel's mean. */
export const colourDetector = ({ labels = [0, 1, 2] }: { labels?: readonly number[] } = {}): Buffer =>
  modelFile({
    nodes: [
      ...channelMeans,
      nodeMessage('Reshape', ['means', 'column'], ['predicted_scores']),
      nodeMessage('Identity', ['thirds'], ['predicted_bboxes']),
      nodeMessage('Identity', ['classes'], ['predicted_labels']),
    ],
    constants: [
      full,
      tensorMessage('column', 'int64', [2], [-1, 1]),
      tensorMessage('thirds', 'float32', [3, 4], [0, 0, 1, 0.25, 0, 0.25, 1, 0.75, 0, 0.75, 1, 1]),
      tensorMessage('classes', 'int32', [3, 1], labels),
    ],
    inputs: anyPicture,
    outputs: [
      value('predicted_bboxes', 'float32', ['n', 4]),
      value('predicted_labels', 'int32', ['n', 1]),
      value('predicted_scores', 'float32', ['n', 1]),
    ],
  })

/** One box of class 0 and score 1, whatever the picture of 20 x 20 pixels shows. */
export const boxModel = (box: readonly number[]): Buffer =>
  modelFile({
    nodes: [
      nodeMessage('Shape', ['image'], ['shape']),
      ...['boxes', 'labels', 'scores'].map((name) => nodeMessage('Identity', [`${name}_`], [name])),
    ],
    constants: [
      tensorMessage('boxes_', 'float32', [1, 4], box),
      tensorMessage('labels_', 'float32', [1], [0]),
      tensorMessage('scores_', 'float32', [1], [1]),
    ],
    inputs: [value('image', 'uint8', [20, 20, 3])],
    outputs: [value('boxes', 'float32', [1, 4]), value('labels', 'float32', [1]), value('scores', 'float32', [1])],
  })

/** The strongest channel of each pixel: UINT8 [-1,-1,3] -> predicted_mask INT64 [-1,-1]. */
export const colourSegmenter = (): Buffer =>
  modelFile({
    nodes: [
      nodeMessage('Cast', ['image'], ['floats'], { to: ELEMENT.float32 }),
      nodeMessage('ArgMax', ['floats'], ['predicted_mask'], { axis: 2, keepdims: 0 }),
    ],
    inputs: anyPicture,
    outputs: [value('predicted_mask', 'int64', ['h', 'w'])],
  })

/** Counts the words `good` and `bad`: STRING [1] -> FP32 [2], with softmax for a classifier. */
export function wordCounter(output: 'softmax_predictions' | 'embeddings'): Buffer {
  const count = nodeMessage('TfIdfVectorizer', ['words'], ['counts'], {
    mode: 'TF',
    min_gram_length: 1,
    max_gram_length: 1,
    max_skip_count: 0,
    ngram_counts: [0],
    ngram_indexes: [0, 1],
  })
  count.message(5, strings('pool_strings', ['good', 'bad']))
  return modelFile({
    nodes: [
      nodeMessage('StringSplit', ['text'], ['split', 'lengths']),
      nodeMessage('Reshape', ['split', 'flat'], ['words']),
      count,
      output === 'embeddings'
        ? nodeMessage('Identity', ['counts'], [output])
        : nodeMessage('Softmax', ['counts'], [output], { axis: -1 }),
    ],
    constants: [tensorMessage('flat', 'int64', [1], [-1])],
    inputs: [value('text', 'string', [1])],
    outputs: [value(output, 'float32', [2])],
    opset: 20,
  })
}

/** A colour classifier that first counts to a number without end. */
export const endlessModel = (): Buffer => {
  const body = graph({
    nodes: [nodeMessage('Identity', ['go'], ['go_on']), nodeMessage('Add', ['sum', 'sum'], ['more'])],
    inputs: [value('turn', 'int64', []), value('go', 'bool', []), value('sum', 'float32', [3])],
    outputs: [value('go_on', 'bool', []), value('more', 'float32', [3])],
  })
  const loop = nodeMessage('Loop', ['turns', 'yes', 'means'], ['softmax_predictions'])
  loop.message(5, new Message().string(1, 'body').message(6, body).int(20, 5))
  return modelFile({
    nodes: [...channelMeans, loop],
    constants: [
      full,
      tensorMessage('turns', 'int64', [], [Number.MAX_SAFE_INTEGER]),
      tensorMessage('yes', 'bool', [], [1]),
    ],
    inputs: anyPicture,
    outputs: [value('softmax_predictions', 'float32', [3])],
  })
}

/** A colour classifier that works on `count` floats beside the picture. */
export const greedyModel = (count: number): Buffer =>
  modelFile({
    nodes: [
      ...channelMeans,
      // From the picture, so that nothing of it can be worked out when the model is loaded.
      nodeMessage('ReduceMax', ['means'], ['top'], { keepdims: 1 }),
      nodeMessage('Expand', ['top', 'many'], ['expanded']),
      nodeMessage('Mul', ['expanded', 'expanded'], ['squares']),
      nodeMessage('ReduceMean', ['squares'], ['mean'], { keepdims: 0 }),
      nodeMessage('Add', ['means', 'mean'], ['softmax_predictions']),
    ],
    constants: [full, tensorMessage('many', 'int64', [1], [count])],
    inputs: anyPicture,
    outputs: [value('softmax_predictions', 'float32', [3])],
  })

/** 1 for a picture that is all white, which no test run is given, and 0 for all others. */
const whiteness = [
  nodeMessage('ReduceMin', ['means'], ['least'], { keepdims: 1 }),
  nodeMessage('Floor', ['least'], ['white']),
]

/** A colour classifier that passes every check, but never comes to an end with a picture that is all white. */
export const hangingTrap = (): Buffer => {
  const body = graph({
    nodes: [nodeMessage('Identity', ['go'], ['go_on']), nodeMessage('Identity', ['sum'], ['same'])],
    inputs: [value('turn', 'int64', []), value('go', 'bool', []), value('sum', 'float32', [3])],
    outputs: [value('go_on', 'bool', []), value('same', 'float32', [3])],
  })
  const loop = nodeMessage('Loop', ['turns', 'yes', 'means'], ['softmax_predictions'])
  loop.message(5, new Message().string(1, 'body').message(6, body).int(20, 5))
  return modelFile({
    nodes: [
      ...channelMeans,
      ...whiteness,
      nodeMessage('Mul', ['white', 'endless'], ['many']),
      nodeMessage('Cast', ['many'], ['turns'], { to: ELEMENT.int64 }),
      loop,
    ],
    constants: [full, tensorMessage('endless', 'float32', [1], [1e15]), tensorMessage('yes', 'bool', [], [1])],
    inputs: anyPicture,
    outputs: [value('softmax_predictions', 'float32', [3])],
  })
}

/** A colour classifier that passes every check, but works on `count` floats with a picture that is all white. */
export const greedyTrap = (count: number): Buffer =>
  modelFile({
    nodes: [
      ...channelMeans,
      ...whiteness,
      nodeMessage('Mul', ['white', 'much'], ['more']),
      nodeMessage('Add', ['more', 'one'], ['size']),
      nodeMessage('Cast', ['size'], ['shape'], { to: ELEMENT.int64 }),
      nodeMessage('Expand', ['least', 'shape'], ['expanded']),
      nodeMessage('Mul', ['expanded', 'expanded'], ['squares']),
      nodeMessage('ReduceMean', ['squares'], ['mean'], { keepdims: 0 }),
      nodeMessage('Add', ['means', 'mean'], ['softmax_predictions']),
    ],
    constants: [full, tensorMessage('much', 'float32', [1], [count]), tensorMessage('one', 'float32', [1], [1])],
    inputs: anyPicture,
    outputs: [value('softmax_predictions', 'float32', [3])],
  })

/** A model with a node of a domain that only its maker's library knows. */
export const customModel = (domain: string): Buffer =>
  modelFile({
    nodes: [nodeMessage('Secret', ['image'], ['softmax_predictions']).string(7, domain)],
    inputs: anyPicture,
    outputs: [value('softmax_predictions', 'float32', [3])],
    domains: [domain],
  })

/** A model that wants its weights from another file. */
export const externalModel = (location: string): Buffer => {
  const entry = (key: string, text: string): Message => new Message().string(1, key).string(2, text)
  const outside = new Message().int(1, 3).int(2, ELEMENT.float32).string(8, 'weights')
  outside.message(13, entry('location', location)).message(13, entry('length', '12')).int(14, 1)
  return modelFile({
    nodes: [...channelMeans, nodeMessage('Add', ['means', 'weights'], ['softmax_predictions'])],
    constants: [full, outside],
    inputs: anyPicture,
    outputs: [value('softmax_predictions', 'float32', [3])],
  })
}
