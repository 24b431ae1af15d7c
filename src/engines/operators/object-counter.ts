import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { operator } from './operator.ts'

/** Counts the regions that have one of its concepts, or any concept when it has none: metadata `object_count`. */
export const objectCounter = operator('object-counter', ({ concepts }) => {
  const ids = new Set(concepts.map(({ id }) => id).filter((id) => id !== ''))
  const names = new Set(concepts.filter(({ id }) => id === '').map(({ name }) => name))
  return ({ data }) => {
    const counted = data.regions.filter(({ data: inner }) =>
      inner?.concepts.some(({ id, name }) => concepts.length === 0 || ids.has(id) || names.has(name)),
    )
    return create(DataSchema, { metadata: { object_count: counted.length } })
  }
})
