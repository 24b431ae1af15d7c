import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf'
import type { Dict } from './field-shape.ts'

/**
 * A function that makes empty messages of a type, equal to those of protobuf-es' own `create`.
 *
 * Compiled from the descriptor to one object literal, which is about eight times as fast as filling an object in a
 * loop and gives all messages of a type the same hidden class. `preset` are values other than zero.
 */
export function blankMessage(desc: DescMessage, preset: Readonly<Dict> = {}): () => Dict {
  const sample = { ...(create(desc) as unknown as Dict), ...preset }
  const members = Object.entries(sample).map(([name, value]) => `${JSON.stringify(name)}: ${literal(value)}`)
  return new Function(`return { ${members.join(', ')} }`) as () => Dict
}

const makers = new Map<DescMessage, () => Dict>()

/** An empty message of a type, by a function that is compiled at the first one. */
export function blank<D extends DescMessage>(desc: D): MessageShape<D> {
  let make = makers.get(desc)
  if (!make) {
    make = blankMessage(desc)
    makers.set(desc, make)
  }
  return make() as unknown as MessageShape<D>
}

function literal(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Uint8Array) return 'new Uint8Array(0)'
  if (Array.isArray(value)) return '[]'
  // Of a oneof, whose only member is an undefined case.
  if (typeof value === 'object' && value !== null && 'case' in value) return '{ case: undefined }'
  return JSON.stringify(value)
}
