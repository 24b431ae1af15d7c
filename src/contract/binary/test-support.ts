import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  ScalarType,
} from '@bufbuild/protobuf'
import { allMethods } from '../methods.ts'
import { isBareWrapper, isJsonStruct } from './fields.ts'
import { setOwn } from './json-struct.ts'

/** A seeded generator of numbers in [0, 1) (mulberry32), so that a failure can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Every message type that a request or response of the contract can hold, each once. */
export function allMessageTypes(): DescMessage[] {
  const seen = new Set<DescMessage>()
  const visit = (desc: DescMessage): void => {
    if (seen.has(desc)) return
    seen.add(desc)
    for (const field of desc.fields) if (field.message !== undefined) visit(field.message)
  }
  for (const method of allMethods()) {
    visit(method.input)
    visit(method.output)
  }
  return [...seen]
}

const STRINGS = [
  '',
  'a',
  'general-image-recognition',
  'naïve',
  '日本語 😀',
  '\ufeffbom',
  '\ufffd',
  'x'.repeat(41),
  'é'.repeat(300),
]
const FLOATS = [0, -0, 1, -1.5, Math.fround(0.1), 3.4028234663852886e38, -1e-40, Number.POSITIVE_INFINITY, Number.NaN]
const INTS = [0, 1, -1, 127, 128, 16383, 16384, 2 ** 21, 2 ** 28, 2 ** 31 - 1, -(2 ** 31)]
const LONGS = [0n, 1n, -1n, 127n, 128n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)]

/** A message with random fields set, never deeper than `depth` below itself. */
export function randomMessage(desc: DescMessage, random: () => number, depth: number): Message {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const message = create(desc) as Message & Record<string, unknown>

  const scalar = (type: ScalarType): unknown => {
    switch (type) {
      case ScalarType.STRING:
        return pick(STRINGS)
      case ScalarType.BYTES:
        return Buffer.from(Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)))
      case ScalarType.BOOL:
        return random() < 0.5
      case ScalarType.FLOAT:
        return Math.fround(pick(FLOATS))
      case ScalarType.DOUBLE:
        return pick([...FLOATS, 0.1, 1e308])
      case ScalarType.INT32:
        return pick(INTS)
      case ScalarType.UINT32:
        return pick(INTS) >>> 0
      case ScalarType.INT64:
        return pick(LONGS)
      default:
        return BigInt.asUintN(64, pick(LONGS))
    }
  }
  const enumValue = (desc: DescEnum): number => (random() < 0.2 ? pick(INTS) : pick(desc.values).number)
  const json = (left: number): JsonValue => {
    if (left > 0 && random() < 0.2) return Array.from({ length: 2 }, () => json(left - 1))
    if (left > 0 && random() < 0.2) return jsonObject(left - 1)
    return pick([null, true, false, 0, -1.5, 1e300, '', 'text', '日本'])
  }
  const jsonObject = (left: number): JsonObject => {
    const object: JsonObject = {}
    for (const key of ['a', '', 'ключ', '__proto__', '7']) if (random() < 0.4) setOwn(object, key, json(left))
    return object
  }
  const value = (field: DescField): unknown => {
    if (field.enum !== undefined) return enumValue(field.enum)
    if (field.message === undefined) return scalar(field.scalar as ScalarType)
    if (isJsonStruct(field)) return jsonObject(Math.min(depth, 3))
    if (isBareWrapper(field)) return scalar(field.message.fields[0]?.scalar as ScalarType)
    return randomMessage(field.message, random, depth - 1)
  }

  for (const field of desc.fields) {
    if (
      random() < 0.5 ||
      (field.message !== undefined && depth <= 0 && !isJsonStruct(field) && !isBareWrapper(field))
    ) {
      continue
    }
    if (field.fieldKind === 'list') {
      const length = field.listKind === 'scalar' && random() < 0.1 ? 300 : Math.floor(random() * 4)
      message[field.localName] = Array.from({ length }, () => value(field))
    } else if (field.fieldKind === 'map') {
      for (let i = 0; i < 2; i++) setOwn(message[field.localName] as object, pick(STRINGS), value(field))
    } else if (field.oneof !== undefined) {
      message[field.oneof.localName] = { case: field.localName, value: value(field) }
    } else {
      message[field.localName] = value(field)
    }
  }
  return message
}
