import { clearField, clone, type DescMessage, type MessageShape } from '@bufbuild/protobuf'

/** A copy of a message in which the named fields (contract spelling) are unset. */
export function withoutFields<D extends DescMessage>(
  desc: D,
  message: MessageShape<D>,
  names: readonly string[],
): MessageShape<D> {
  const copy = clone(desc, message)
  for (const field of desc.fields) if (names.includes(field.name)) clearField(copy, field)
  return copy
}
