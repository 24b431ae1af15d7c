/** What a stored content is to an engine: the model file, or how its tensors stand for the fields of its type. */
export type BlobRole = 'model' | 'layers'

const REF = /^blob:(model|layers):([0-9a-f]{64})$/

/** The weight id under which a node of a plan names a stored content. */
export const blobRef = (role: BlobRole, hash: string): string => `blob:${role}:${hash}`

/** Role and hash (SHA-256, hexadecimal) of a weight id made by `blobRef`; undefined for every other id. */
export function readBlobRef(id: string): { readonly role: BlobRole; readonly hash: string } | undefined {
  const [, role, hash] = REF.exec(id) ?? []
  return hash === undefined ? undefined : { role: role as BlobRole, hash }
}
