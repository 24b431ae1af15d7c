import { createHash, hash, timingSafeEqual } from 'node:crypto'

// Secrets are 128 random bits, so one round of a fast hash keeps them as safe as a slow one would, and a look-up by
// hash compares nothing secret; the equality below only guards against a wrong row.
const digest = (secret: string): string => hash('sha256', `limpid credential\0${secret}`, 'hex')

/** Hash under which a secret is stored, 64 hex digits; the secret itself is never written anywhere. */
export const hashSecret = (secret: string): string => digest(secret)

/**
 * Name of a credential that may be shown and listed: 32 hex digits that cannot be turned back into the secret.
 * Calls that take a key id accept it beside the secret itself.
 */
export const publicIdOf = (secretHash: string): string =>
  createHash('sha256').update('limpid public id\0').update(secretHash).digest('hex').slice(0, 32)

/** Whether a secret has this stored hash, in time that does not depend on how much of it fits. */
export function secretMatches(secret: string, storedHash: string): boolean {
  const stored = Buffer.from(storedHash, 'hex')
  const given = Buffer.from(digest(secret), 'hex')
  return stored.length === given.length && timingSafeEqual(stored, given)
}
