import type { Message } from '@bufbuild/protobuf'

/** Texts of one constant message, by the casing of its field names. */
type Texts = Map<string, string>

const constants = new WeakMap<object, Texts>()

/**
 * Says that a message will never change again, so that its text is made once however many answers repeat it. Meant
 * for what a compiled plan keeps: the models and the workflow that stand in every prediction.
 */
export function keepText<M extends Message>(message: M): M {
  if (!constants.has(message)) constants.set(message, new Map())
  return message
}

/** The text of a message in one casing: kept when the message is constant, else made by `write`. */
export function textOf<V extends object>(message: V, casing: string, write: (message: V) => string): string {
  const texts = constants.get(message)
  if (texts === undefined) return write(message)
  let text = texts.get(casing)
  if (text === undefined) {
    text = write(message)
    texts.set(casing, text)
  }
  return text
}
