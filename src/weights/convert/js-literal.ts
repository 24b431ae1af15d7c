/** Reads data out of JavaScript modules without running them. */
import { type AnyNode, parse } from 'acorn'

function literalValue(node: AnyNode): unknown {
  switch (node.type) {
    case 'Literal':
      if (node.regex || node.bigint) break
      return node.value
    case 'ArrayExpression':
      return node.elements.map((element) => {
        if (!element) throw new Error('the literal has a hole')
        return literalValue(element)
      })
    case 'ObjectExpression':
      // A null prototype, so that a key such as __proto__ stays a plain key.
      return Object.assign(Object.create(null), Object.fromEntries(node.properties.map(entryOf)))
    case 'UnaryExpression': {
      const operand = literalValue(node.argument)
      if (node.operator === '!') return !operand
      if (node.operator === '-' && typeof operand === 'number') return -operand
      break
    }
  }
  throw new Error(`the value is computed (${node.type}), not a literal`)
}

function entryOf(property: AnyNode): [string, unknown] {
  if (property.type !== 'Property' || property.computed || property.kind !== 'init') {
    throw new Error('the object has entries that are not plain')
  }
  const { key } = property
  if (key.type === 'Identifier') return [key.name, literalValue(property.value)]
  if (key.type === 'Literal') return [String(key.value), literalValue(property.value)]
  throw new Error('the object has a computed key')
}

function* nodesOf(root: AnyNode): Generator<AnyNode> {
  const pending: unknown[] = [root]
  while (pending.length > 0) {
    const item = pending.pop()
    if (typeof item !== 'object' || item === null) continue
    if ('type' in item) yield item as AnyNode
    pending.push(...Object.values(item))
  }
}

/**
 * The literal (string, number, array or object) that a CommonJS module assigns to the `exports` of its module object,
 * also when a bundler renamed that object and wrapped the module.
 *
 * Throws when the source does not parse, assigns no literal, or assigns several.
 */
export function exportedLiteral(source: string): unknown {
  const found: unknown[] = []
  for (const node of nodesOf(parse(source, { ecmaVersion: 'latest' }))) {
    if (node.type !== 'AssignmentExpression' || node.operator !== '=') continue
    const { left, right } = node
    if (left.type !== 'MemberExpression' || left.computed || left.property.type !== 'Identifier') continue
    if (left.property.name !== 'exports') continue
    if (right.type === 'ObjectExpression' || right.type === 'ArrayExpression' || right.type === 'Literal') {
      found.push(literalValue(right))
    }
  }
  if (found.length !== 1) throw new Error(`expected one exported literal, found ${found.length}`)
  return found[0]
}
