/** JSON forms of the contract's messages: requests, answers, and the documents that the database keeps. */
export { blank } from './blank-message.ts'
export { keepText } from './constant-text.ts'
export { type Decoded, decodeDoc, decodeJson, decodeRequest, parseJson } from './decode.ts'
export { encodeDoc, encodeJson, type JsonNames } from './encode.ts'
export { type FieldReader, type MessageReader, messageReader } from './message-reader.ts'
export { asRequestError, FieldProblem } from './problem.ts'
export { ReadState } from './read-state.ts'
