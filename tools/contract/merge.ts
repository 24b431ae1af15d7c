import { clone, createFileRegistry, getExtension, setExtension } from '@bufbuild/protobuf'
import type { GenExtension } from '@bufbuild/protobuf/codegenv2'
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  type MethodDescriptorProto,
  type MethodOptions,
  type ServiceDescriptorProto,
} from '@bufbuild/protobuf/wkt'

/** Where a field of the older contract had to give way, and what became of it. */
export interface MergeNote {
  readonly element: string
  readonly note: string
}

// A field of the older contract whose number now means something else keeps its name under a number far above
// those in use: JSON addresses fields by name and so goes on working, gRPC follows the newer contract.
const MOVED_NUMBER_OFFSET = 100_000

interface HttpRule {
  pattern: { case?: string; value?: unknown }
  body: string
  additionalBindings: HttpRule[]
}

type HttpExtension = GenExtension<MethodOptions, HttpRule>

/**
 * Merges two descriptor sets of one API into the union of their files, messages, fields, enum values, methods and
 * HTTP bindings. Where both define an element, `newer` wins; every such case is returned as a note.
 */
export function mergeDescriptors(
  newer: FileDescriptorSet,
  older: FileDescriptorSet,
): { merged: FileDescriptorSet; notes: MergeNote[] } {
  const merged = clone(FileDescriptorSetSchema, newer)
  const notes: MergeNote[] = []
  const found = createFileRegistry(newer).getExtension('google.api.http')
  if (!found) throw new Error('google.api.http is missing from the descriptors; reinstall the contract packages')
  // Extensions are kept as unknown fields, so both sets are read with the definition of the newer one.
  const http = found as unknown as HttpExtension
  for (const oldFile of older.file) {
    const file = merged.file.find((f) => f.name === oldFile.name)
    if (!file) {
      if (!oldFile.name.startsWith('google/')) merged.file.push(oldFile)
      continue
    }
    if (file.name.startsWith('google/')) continue
    mergeMessages(file.messageType, oldFile.messageType, file.package, notes)
    mergeEnums(file.enumType, oldFile.enumType, file.package, notes)
    mergeServices(file.service, oldFile.service, http, notes)
    for (const extension of oldFile.extension) {
      if (!file.extension.some((e) => e.name === extension.name)) file.extension.push(extension)
    }
    for (const dependency of oldFile.dependency) {
      if (!file.dependency.includes(dependency)) file.dependency.push(dependency)
    }
    // The code generator needs no source positions, and they would be wrong after a merge.
    file.sourceCodeInfo = undefined
  }
  return { merged, notes }
}

function mergeMessages(into: DescriptorProto[], from: DescriptorProto[], scope: string, notes: MergeNote[]): void {
  for (const old of from) {
    const message = into.find((m) => m.name === old.name)
    if (!message) {
      into.push(old)
      continue
    }
    const path = `${scope}.${message.name}`
    mergeMessages(message.nestedType, old.nestedType, path, notes)
    mergeEnums(message.enumType, old.enumType, path, notes)
    for (const field of old.field) mergeField(message, old, field, path, notes)
  }
}

function mergeField(
  message: DescriptorProto,
  old: DescriptorProto,
  field: FieldDescriptorProto,
  path: string,
  notes: MergeNote[],
): void {
  const element = `${path}.${field.name}`
  const same = message.field.find((f) => f.name === field.name)
  if (same) {
    if (same.type !== field.type || same.typeName !== field.typeName || same.label !== field.label) {
      notes.push({ element, note: `type differs; the newer one is served (number ${same.number})` })
    } else if (same.number !== field.number) {
      notes.push({ element, note: `number ${field.number} became ${same.number}` })
    }
    return
  }
  const added = clone(DescriptorProtoSchema, { ...old, field: [field] } as DescriptorProto).field[0]!
  const taken = message.field.find((f) => f.number === field.number)
  if (taken) {
    added.number = field.number + MOVED_NUMBER_OFFSET
    notes.push({ element, note: `number ${field.number} now means ${taken.name}; kept by name as ${added.number}` })
  }
  const oneof = oneofName(old, field)
  if (oneof !== undefined) added.oneofIndex = oneofIndex(message, oneof)
  message.reservedName = message.reservedName.filter((n) => n !== field.name)
  message.reservedRange = message.reservedRange.filter((r) => !(r.start <= added.number && added.number < r.end))
  message.field.push(added)
}

function oneofName(message: DescriptorProto, field: FieldDescriptorProto): string | undefined {
  const isMember = Object.hasOwn(field, 'oneofIndex') && field.oneofIndex !== undefined
  return isMember ? message.oneofDecl[field.oneofIndex]?.name : undefined
}

function oneofIndex(message: DescriptorProto, name: string): number {
  const index = message.oneofDecl.findIndex((o) => o.name === name)
  if (index < 0)
    throw new Error(`oneof ${message.name}.${name} exists only in the older contract; teach the merge about it`)
  return index
}

function mergeEnums(into: EnumDescriptorProto[], from: EnumDescriptorProto[], scope: string, notes: MergeNote[]): void {
  for (const old of from) {
    const target = into.find((e) => e.name === old.name)
    if (!target) {
      into.push(old)
      continue
    }
    for (const value of old.value) {
      if (target.value.some((v) => v.name === value.name)) continue
      const taken = target.value.find((v) => v.number === value.number)
      if (taken) {
        notes.push({ element: `${scope}.${old.name}.${value.name}`, note: `renamed to ${taken.name}` })
        continue
      }
      target.value.push(value)
    }
    target.reservedName = []
    target.reservedRange = []
  }
}

function mergeServices(
  into: ServiceDescriptorProto[],
  from: ServiceDescriptorProto[],
  http: HttpExtension,
  notes: MergeNote[],
): void {
  for (const old of from) {
    const service = into.find((s) => s.name === old.name)
    if (!service) {
      into.push(old)
      continue
    }
    for (const method of old.method) {
      const same = service.method.find((m) => m.name === method.name)
      if (!same) {
        service.method.push(method)
        notes.push({ element: method.name, note: 'RPC of the older contract only' })
      } else {
        if (same.inputType !== method.inputType || same.outputType !== method.outputType) {
          notes.push({ element: method.name, note: 'request or response type differs; the newer one is served' })
        }
        mergeBindings(same, method, http, notes)
      }
    }
  }
}

function mergeBindings(
  into: MethodDescriptorProto,
  from: MethodDescriptorProto,
  http: HttpExtension,
  notes: MergeNote[],
): void {
  if (!from.options || !into.options) return
  const oldRule = getExtension(from.options, http)
  const rule = getExtension(into.options, http)
  const known = new Set([rule, ...rule.additionalBindings].map(bindingKey))
  const missing = [oldRule, ...oldRule.additionalBindings].filter((r) => !known.has(bindingKey(r)))
  if (missing.length === 0) return
  for (const binding of missing)
    notes.push({ element: into.name, note: `HTTP binding of the older contract: ${bindingKey(binding)}` })
  rule.additionalBindings.push(...missing.map((m) => ({ ...m, additionalBindings: [] })))
  setExtension(into.options, http, rule)
}

const bindingKey = (rule: HttpRule): string => `${rule.pattern.case} ${String(rule.pattern.value)} ${rule.body}`
