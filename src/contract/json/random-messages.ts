import { create, type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf'
import { isWrapperDesc } from '@bufbuild/protobuf/wkt'

const TEXTS = [
  '',
  'dog',
  'ai_6kTjGfF6',
  'naïve café',
  '犬と猫',
  '👩‍🚀',
  'quote " back \\ slash',
  'tab\tnew\nline\u0000\u001f',
  '</script>',
  'x'.repeat(60),
]
const DEPTH_MAX = 4

/** Repeatable random numbers (mulberry32), and from them random messages of any type of the contract. */
export class RandomMessages {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  int(below: number): number {
    return Math.floor(this.next() * below)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)]!
  }

  /** A message with about half of its fields set. */
  message(desc: DescMessage, depth = 0): Message {
    const message = create(desc) as unknown as Record<string, unknown>
    for (const member of desc.members) {
      if (this.next() < 0.5) continue
      if (member.kind === 'oneof') {
        const field = this.pick(member.fields)
        const value = this.#single(field, depth)
        if (value !== undefined) message[member.localName] = { case: field.localName, value }
      } else {
        const value = this.#field(member, depth)
        if (value !== undefined) message[member.localName] = value
      }
    }
    return message as unknown as Message
  }

  #field(field: DescField, depth: number): unknown {
    if (field.fieldKind === 'list') return this.#several(() => this.#single(field, depth))
    if (field.fieldKind !== 'map') return this.#single(field, depth)
    return Object.fromEntries(
      this.#several(() => this.#single(field, depth)).map((v, i) => [`${this.pick(TEXTS)}${i}`, v]),
    )
  }

  #several(make: () => unknown): unknown[] {
    return Array.from({ length: this.int(4) }, make).filter((v) => v !== undefined)
  }

  #single(field: DescField, depth: number): unknown {
    if (field.enum) return this.pick(field.enum.values).number
    if (field.scalar !== undefined && !field.message) return this.scalar(field.scalar)
    const message = field.message!
    if (isWrapperDesc(message)) {
      const value = this.scalar(message.fields[0].scalar)
      return field.fieldKind === 'message' && !field.oneof ? value : create(message, { value } as never)
    }
    switch (message.typeName) {
      case 'google.protobuf.Struct':
        return this.json(3)
      case 'google.protobuf.Value':
        return create(message, { kind: { case: 'numberValue', value: this.int(100) / 4 } } as never)
      case 'google.protobuf.ListValue':
        return create(message, { values: [{ kind: { case: 'stringValue', value: this.pick(TEXTS) } }] } as never)
      case 'google.protobuf.Timestamp':
        return create(message, { seconds: BigInt(this.int(4e9) - 1e9), nanos: this.int(1e9) } as never)
      case 'google.protobuf.Duration':
        return create(message, { seconds: BigInt(this.int(1e6)), nanos: this.int(1e9) } as never)
      default:
        return depth < DEPTH_MAX ? this.message(message, depth + 1) : undefined
    }
  }

  /** A free JSON object. */
  json(depth: number): Record<string, unknown> {
    const values = [null, true, false, 0, -1.5, 1e21, ...TEXTS]
    const entries = Array.from({ length: this.int(4) }, (_, i) => [
      `${this.pick(TEXTS)}${i}`,
      depth > 0 && this.next() < 0.3 ? this.pick([this.json(depth - 1), [this.json(depth - 1), 1]]) : this.pick(values),
    ])
    return Object.fromEntries(entries)
  }

  scalar(type: ScalarType): unknown {
    switch (type) {
      case ScalarType.STRING:
        return this.pick(TEXTS)
      case ScalarType.BOOL:
        return this.next() < 0.5
      case ScalarType.BYTES:
        return Uint8Array.from({ length: this.int(40) }, () => this.int(256))
      case ScalarType.FLOAT:
        return Math.fround(this.#real())
      case ScalarType.DOUBLE:
        return this.#real()
      case ScalarType.INT32:
        return this.pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31), this.int(1e6)])
      case ScalarType.UINT32:
        return this.pick([0, 1, 2 ** 32 - 1, this.int(1e6)])
      case ScalarType.INT64:
        return this.pick([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, BigInt(this.int(1e6))])
      case ScalarType.UINT64:
        return this.pick([0n, 1n, 2n ** 64n - 1n, 2n ** 53n + 1n, BigInt(this.int(1e6))])
      default:
        throw new Error(`The contract has no scalar of type ${type}`)
    }
  }

  #real(): number {
    const odd = [0, -0, 1, 0.97, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, 3.4e38]
    return this.next() < 0.3 ? this.pick(odd) : (this.next() - 0.5) * 10 ** (this.int(20) - 10)
  }
}
