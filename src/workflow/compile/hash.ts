import { createHash, hash } from 'node:crypto'
import type { Concept } from '../../contract/index.ts'
import type { PlanNode } from '../plan.ts'

/** Numbers from which on a list is told by a digest of them: the weights of heads take ten times as long as text. */
const MANY_NUMBERS = 64

/**
 * JSON with the keys of objects in alphabetical order and long lists of numbers as their digests, so that equal values
 * give equal texts.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner === null || typeof inner !== 'object') return inner
    if (Array.isArray(inner)) return numbersDigest(inner) ?? inner
    const entries = Object.entries(inner).filter(([, part]) => part !== undefined)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function numbersDigest(list: readonly unknown[]): readonly string[] | undefined {
  if (list.length < MANY_NUMBERS || !list.every((item) => typeof item === 'number')) return undefined
  return ['numbers', hash('sha256', Float64Array.from(list as readonly number[]))]
}

const digests = new WeakMap<readonly Concept[], string>()

/** Digest of what engines see of concepts; remembered by list, as models of ten thousand concepts take a while. */
export function conceptsDigest(concepts: readonly Concept[]): string {
  let digest = digests.get(concepts)
  if (digest === undefined) {
    const seen = concepts.map(({ id, name, value, appId, userId, language, vocabId, definition, metadata }) => [
      id,
      name,
      value,
      appId,
      userId,
      language,
      vocabId,
      definition,
      metadata,
    ])
    digest = createHash('sha256').update(canonicalJson(seen)).digest('hex')
    digests.set(concepts, digest)
  }
  return digest
}

/** Content hash of a plan's nodes, 64 hex digits. */
export function hashNodes(nodes: readonly PlanNode[], single: boolean): string {
  const content = nodes.map((node) => ({ ...node, concepts: conceptsDigest(node.concepts) }))
  return createHash('sha256')
    .update(canonicalJson({ nodes: content, single }))
    .digest('hex')
}
