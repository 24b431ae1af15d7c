import { uploadProblem } from '../engines/onnx-model/problem.ts'
import { CONFIG_DEPTH_MAX, CONFIG_VALUES_MAX } from './limits.ts'

/** A message in protobuf's text format; every field is a list, as any may be repeated. */
export interface TextMessage {
  readonly [field: string]: readonly TextValue[]
}
/** A text or word (numbers stay as written), or a message. */
export type TextValue = string | TextMessage

const TOKEN =
  /[ \t\r\n,;]*(?:#[^\n]*\n?[ \t\r\n,;]*)*([A-Za-z_][\w.]*|[-+]?[\d.][\w.+-]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[{}<>[\]:])?/y

/** Reads protobuf's text format, such as Triton's config.pbtxt. Throws AppError 21105 with the line that is wrong. */
export function parseTextFormat(text: string): TextMessage {
  return new Parser(text).message(undefined, 0)
}

class Parser {
  readonly #text: string
  #at = 0
  #token: string | undefined
  #values = 0

  constructor(text: string) {
    this.#text = text
    this.#next()
  }

  /** Fields up to the closing sign, or to the end of the text. */
  message(close: string | undefined, depth: number): TextMessage {
    if (depth > CONFIG_DEPTH_MAX) throw this.#wrong('is nested too deeply')
    const fields: Record<string, TextValue[]> = Object.create(null)
    while (this.#token !== close) {
      const name = this.#take()
      if (!/^[A-Za-z_]/.test(name)) throw this.#wrong(`has '${name.slice(0, 40)}' where a field should begin`)
      this.#skip(':')
      fields[name] ??= []
      fields[name].push(...this.#list(depth))
    }
    this.#next()
    return fields
  }

  #list(depth: number): TextValue[] {
    if (!this.#skip('[')) return [this.#value(depth)]
    const values: TextValue[] = []
    while (!this.#skip(']')) values.push(this.#value(depth))
    return values
  }

  #skip(sign: string): boolean {
    const is = this.#token === sign
    if (is) this.#next()
    return is
  }

  #value(depth: number): TextValue {
    if (++this.#values > CONFIG_VALUES_MAX) throw this.#wrong(`has more than ${CONFIG_VALUES_MAX} values`)
    const token = this.#take()
    if (token === '{' || token === '<') return this.message(token === '{' ? '}' : '>', depth + 1)
    if ('}>[]:'.includes(token)) throw this.#wrong(`has '${token}' where a value should be`)
    if (!/^["']/.test(token)) return token
    let text = unquoted(token)
    while (this.#token !== undefined && /^["']/.test(this.#token)) text += unquoted(this.#take())
    return text
  }

  #take(): string {
    const token = this.#token
    if (token === undefined) throw this.#wrong('ends too early')
    this.#next()
    return token
  }

  #next(): void {
    TOKEN.lastIndex = this.#at
    const match = TOKEN.exec(this.#text)!
    this.#at = TOKEN.lastIndex
    this.#token = match[1]
    if (this.#token === undefined && this.#at < this.#text.length) throw this.#wrong('cannot be read')
  }

  #wrong(what: string): Error {
    const line = this.#text.slice(0, this.#at).split('\n').length
    return uploadProblem(`The file config.pbtxt ${what} in line ${line}.`)
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
const unquoted = (token: string): string =>
  token.slice(1, -1).replaceAll(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? sign)
