/** Small ONNX models of what is not a classifier of pictures, for tests of what users bring: texts, sounds, two kinds at once. */
import { Message, nodeMessage, tensorMessage } from '../../weights/onnx/writer.ts'
import { anyPicture, channelMeans, ELEMENT, full, modelFile, strings, value } from './test-models.ts'

/** A constant list of texts. */
function texts(name: string, list: readonly string[]): Message {
  const tensor = new Message().int(1, list.length).int(2, ELEMENT.string)
  for (const text of list) tensor.string(6, text)
  return tensor.string(8, name)
}

const oneText = value('text', 'string', [1])
const OPSET = 20

/** `counts`: how often `good` and `bad` stand in a text. */
const wordCounts = () => {
  const count = nodeMessage('TfIdfVectorizer', ['words'], ['counts'], {
    mode: 'TF',
    min_gram_length: 1,
    max_gram_length: 1,
    max_skip_count: 0,
    ngram_counts: [0],
    ngram_indexes: [0, 1],
  })
  count.message(5, strings('pool_strings', ['good', 'bad']))
  return [
    // A word of our own, as an empty list could not be counted.
    nodeMessage('StringConcat', ['text', 'end'], ['ended']),
    nodeMessage('StringSplit', ['ended'], ['split', 'lengths']),
    nodeMessage('Reshape', ['split', 'flat'], ['words']),
    count,
  ]
}
const forCounts = [texts('end', [' .']), tensorMessage('flat', 'int64', [1], [-1])]

/** The text in capitals: STRING [1] -> STRING [1]. */
export const shouter = (): Buffer =>
  modelFile({
    nodes: [nodeMessage('StringNormalizer', ['text'], ['answer'], { case_change_action: 'UPPER', locale: 'C' })],
    inputs: [oneText],
    outputs: [value('answer', 'string', ['n'])],
    opset: OPSET,
  })

/** The same behind a word that a parameter sets, as often as another one says. */
export const greeter = (): Buffer =>
  modelFile({
    nodes: [
      nodeMessage('Where', ['polite', 'greeting', 'nothing'], ['begin']),
      nodeMessage('StringConcat', ['begin', 'text'], ['answer']),
    ],
    constants: [texts('nothing', [''])],
    inputs: [oneText, value('greeting', 'string', [1]), value('polite', 'bool', [1])],
    outputs: [value('answer', 'string', [1])],
    opset: OPSET,
  })

/** 4 x 6 pixels, the redder the more often the text says `bad`, the greener the more often `good`. */
export const painter = (): Buffer =>
  modelFile({
    nodes: [
      ...wordCounts(),
      nodeMessage('Gather', ['counts', 'swap'], ['colours']),
      nodeMessage('Concat', ['colours', 'zero'], ['three'], { axis: 0 }),
      nodeMessage('Mul', ['three', 'hundred'], ['strong']),
      nodeMessage('Expand', ['strong', 'sides'], ['pixels']),
      nodeMessage('Cast', ['pixels'], ['image'], { to: ELEMENT.uint8 }),
    ],
    constants: [
      ...forCounts,
      tensorMessage('swap', 'int64', [2], [1, 0]),
      tensorMessage('zero', 'float32', [1], [0]),
      tensorMessage('hundred', 'float32', [1], [100]),
      tensorMessage('sides', 'int64', [3], [4, 6, 3]),
    ],
    inputs: [oneText],
    outputs: [value('image', 'uint8', ['h', 'w', 3])],
    opset: OPSET,
  })

/** The negative of a picture as floats in planes: UINT8 [-1,-1,3] -> FP32 [1,3,-1,-1]. */
export const negative = (): Buffer =>
  modelFile({
    nodes: [
      nodeMessage('Cast', ['image'], ['floats'], { to: ELEMENT.float32 }),
      nodeMessage('Div', ['floats', 'full'], ['shares']),
      nodeMessage('Sub', ['one', 'shares'], ['turned']),
      nodeMessage('Transpose', ['turned'], ['planes'], { perm: [2, 0, 1] }),
      nodeMessage('Unsqueeze', ['planes', 'first'], ['picture']),
    ],
    constants: [full, tensorMessage('one', 'float32', [1], [1]), tensorMessage('first', 'int64', [1], [0])],
    inputs: anyPicture,
    outputs: [value('picture', 'float32', [1, 3, 'h', 'w'])],
  })

/** Which of two words fits a number from 0 to 1. */
const wordOf = (number: string) => [
  nodeMessage('Mul', [number, 'nearly_two'], ['doubled']),
  nodeMessage('Cast', ['doubled'], ['which'], { to: ELEMENT.int64 }),
  nodeMessage('Gather', ['choice', 'which'], ['word']),
]
const nearlyTwo = tensorMessage('nearly_two', 'float32', [1], [1.99])
const brightness = [...channelMeans, nodeMessage('ReduceMean', ['means'], ['bright'], { keepdims: 1 })]

/** Says `dark` or `bright`: UINT8 [-1,-1,3] -> STRING [1]. */
export const describer = (): Buffer =>
  modelFile({
    nodes: [...brightness, ...wordOf('bright')],
    constants: [full, nearlyTwo, texts('choice', ['dark', 'bright'])],
    inputs: anyPicture,
    outputs: [value('word', 'string', [1])],
  })

const samples = value('audio', 'float32', ['samples'])
const loudness = [
  nodeMessage('Abs', ['audio'], ['sizes']),
  nodeMessage('ReduceMax', ['sizes'], ['loud'], { keepdims: 1 }),
]

/** How loud and how quiet a sound is: FP32 [-1] -> FP32 [2], under the usual name of classes or vectors. */
export const listener = (output: 'softmax_predictions' | 'embeddings'): Buffer =>
  modelFile({
    nodes: [
      ...loudness,
      nodeMessage('Sub', ['one', 'loud'], ['quiet']),
      nodeMessage('Concat', ['loud', 'quiet'], [output], { axis: 0 }),
    ],
    constants: [tensorMessage('one', 'float32', [1], [1])],
    inputs: [samples],
    outputs: [value(output, 'float32', [2])],
  })

/** Says `quiet` or `loud`: FP32 [-1] -> STRING [1]. */
export const transcriber = (): Buffer =>
  modelFile({
    nodes: [...loudness, ...wordOf('loud')],
    constants: [nearlyTwo, texts('choice', ['quiet', 'loud'])],
    inputs: [samples],
    outputs: [value('word', 'string', [1])],
  })

/** `means` as operator sets from 18 on write it, which texts need. */
const newerMeans = [
  nodeMessage('Cast', ['image'], ['floats'], { to: ELEMENT.float32 }),
  nodeMessage('ReduceMean', ['floats', 'sides'], ['sums'], { keepdims: 0 }),
  nodeMessage('Div', ['sums', 'full'], ['means']),
]
const forMeans = [full, tensorMessage('sides', 'int64', [2], [0, 1])]

/** Channel means and word counts in one vector: a picture, a text or both -> FP32 [5]. */
export const twoEyes = (): Buffer =>
  modelFile({
    nodes: [...newerMeans, ...wordCounts(), nodeMessage('Concat', ['means', 'counts'], ['embeddings'], { axis: 0 })],
    constants: [...forMeans, ...forCounts],
    inputs: [...anyPicture, oneText],
    outputs: [value('embeddings', 'float32', [5])],
    opset: OPSET,
  })

/** `dark` or `bright` and what was asked: a picture, a text or both -> STRING [1]. */
export const answerer = (): Buffer =>
  modelFile({
    nodes: [
      ...newerMeans,
      nodeMessage('ReduceMean', ['means'], ['bright'], { keepdims: 1 }),
      ...wordOf('bright'),
      nodeMessage('StringConcat', ['word', 'text'], ['answer']),
    ],
    constants: [...forMeans, nearlyTwo, texts('choice', ['dark ', 'bright '])],
    inputs: [...anyPicture, oneText],
    outputs: [value('answer', 'string', [1])],
    opset: OPSET,
  })

/** A colour classifier whose certainty a parameter sets. */
export const tunedClassifier = (): Buffer =>
  modelFile({
    nodes: [
      ...channelMeans,
      nodeMessage('Mul', ['means', 'gain'], ['logits']),
      nodeMessage('Softmax', ['logits'], ['softmax_predictions'], { axis: -1 }),
    ],
    constants: [full],
    inputs: [...anyPicture, value('gain', 'float32', [])],
    outputs: [value('softmax_predictions', 'float32', [3])],
  })
