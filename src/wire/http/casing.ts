import type { JsonNames } from '../../contract/json/index.ts'
import { queryOf } from './bind.ts'

function namesIn(value: unknown): JsonNames | undefined {
  const text = typeof value === 'string' ? value.toLowerCase() : undefined
  return text === 'snake' || text === 'camel' ? text : undefined
}

/**
 * Casing of an answer: what `?json_names=` or `X-Json-Names` asks for, else what the request itself mostly uses
 * (`counts`), else snake_case for the official REST and JSON clients, else the server's default.
 */
export function answerNames(
  header: (name: string) => string | undefined,
  query: string,
  counts: { snake: number; camel: number },
  fallback: JsonNames,
): JsonNames {
  // Looked for in the text first, because hardly any request has it.
  if (query.includes('json')) {
    const pairs = queryOf(query)
    const asked = namesIn(pairs.json_names ?? pairs.jsonNames)
    if (asked) return asked
  }
  const asked = namesIn(header('x-json-names'))
  if (asked) return asked
  if (counts.snake !== counts.camel) return counts.snake > counts.camel ? 'snake' : 'camel'
  const official = header('x-clarifai-client') ?? header('x-clarifai-grpc-client')
  return official === undefined ? fallback : 'snake'
}
