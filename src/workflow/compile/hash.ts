import { createHash } from 'node:crypto'
import { toJson } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema } from '../../contract/index.ts'
import type { PlanNode } from '../plan.ts'

/** JSON with the keys of objects in alphabetical order, so that equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    const entries = Object.entries(inner).filter(([, part]) => part !== undefined)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** Concepts reduced to what engines see of them, as JSON. */
export const conceptsJson = (concepts: readonly Concept[]): unknown =>
  concepts.map(({ createdAt: _, ...concept }) => toJson(ConceptSchema, concept))

/** Content hash of a plan's nodes, 64 hex digits. */
export function hashNodes(nodes: readonly PlanNode[], single: boolean): string {
  const content = nodes.map((node) => ({ ...node, concepts: conceptsJson(node.concepts) }))
  return createHash('sha256')
    .update(canonicalJson({ nodes: content, single }))
    .digest('hex')
}
