import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { ListValue, Struct, Value } from '@bufbuild/protobuf/wkt'

/** Sets a property also when its name is `__proto__`, which assigning would not. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key !== '__proto__') (target as Record<string, unknown>)[key] = value
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

/** The plain JSON object that a Struct message stands for. */
export function structToJson(struct: Struct): JsonObject {
  const json: JsonObject = {}
  for (const key of Object.keys(struct.fields)) setOwn(json, key, valueToJson(struct.fields[key] as Value))
  return json
}

function valueToJson({ kind }: Value): JsonValue {
  switch (kind.case) {
    case 'structValue':
      return structToJson(kind.value)
    case 'listValue':
      return kind.value.values.map(valueToJson)
    case 'nullValue':
    case undefined:
      return null
    default:
      return kind.value
  }
}

/** The Struct message of a plain JSON object. */
export function jsonToStruct(json: JsonObject): Struct {
  const fields: Struct['fields'] = {}
  for (const key of Object.keys(json)) setOwn(fields, key, jsonToValue(json[key]))
  return { $typeName: 'google.protobuf.Struct', fields }
}

function jsonToValue(json: JsonValue | undefined): Value {
  return { $typeName: 'google.protobuf.Value', kind: kindOf(json) }
}

function kindOf(json: JsonValue | undefined): Value['kind'] {
  switch (typeof json) {
    case 'number':
      return { case: 'numberValue', value: json }
    case 'string':
      return { case: 'stringValue', value: json }
    case 'boolean':
      return { case: 'boolValue', value: json }
    case 'object':
      if (json === null) return { case: 'nullValue', value: 0 }
      return Array.isArray(json)
        ? { case: 'listValue', value: jsonToList(json) }
        : { case: 'structValue', value: jsonToStruct(json) }
    default:
      return { case: undefined }
  }
}

function jsonToList(json: JsonValue[]): ListValue {
  return { $typeName: 'google.protobuf.ListValue', values: json.map(jsonToValue) }
}
