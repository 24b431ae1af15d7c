import { clearField, clone, type DescMessage, isFieldSet, type MessageShape } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { Image } from '../../contract/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'

/**
 * A copy of a message without its image, which is all that the action `remove` does to some resources. The patch
 * must name nothing else, and the image by the url that it has.
 */
export function removeImage<D extends DescMessage>(
  def: { readonly kind: string; readonly desc: D; readonly codes: { readonly invalid: StatusCode } },
  current: MessageShape<D>,
  patch: MessageShape<D>,
): MessageShape<D> {
  const named = def.desc.fields.filter((field) => field.name !== 'id' && isFieldSet(patch, field))
  const [image] = named
  if (image?.name !== 'image' || named.length > 1) {
    throw new AppError(
      def.codes.invalid,
      "The action 'remove' takes away the image alone; send image.url and nothing else, or use 'overwrite'.",
    )
  }
  const urlOf = (message: MessageShape<D>): string => (message as { image?: Image }).image?.url ?? ''
  if (urlOf(patch) !== urlOf(current)) {
    throw new AppError(def.codes.invalid, `The ${def.kind} has another image; send the image.url that it has now.`)
  }
  const result = clone(def.desc, current)
  clearField(result, image)
  return result
}
