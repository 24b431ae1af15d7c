import { createHash } from 'node:crypto'
import type { Concept } from '../../contract/index.ts'
import type { PlanNode } from '../plan.ts'

/** JSON with the keys of objects in alphabetical order, so that equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    const entries = Object.entries(inner).filter(([, part]) => part !== undefined)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  })
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
