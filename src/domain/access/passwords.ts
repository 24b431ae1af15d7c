import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

// 2^15 rounds with 32 MiB: about 100 ms here, in libuv's thread pool and not on the event loop.
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const KEY_BYTES = 32
const SALT_BYTES = 16

/** Salted scrypt hash of a password as text, with its parameters in front. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await derive(password.normalize('NFKC'), salt, KEY_BYTES, COST)
  return `scrypt$${COST.N}$${salt.toString('base64')}$${key.toString('base64')}`
}

/** Whether a password has this hash; takes as long when there is no hash at all, so that users cannot be guessed. */
export async function passwordMatches(password: string, stored: string | null): Promise<boolean> {
  const [, rounds, salt, key] = (stored ?? `scrypt$${COST.N}$AAAA$AAAA`).split('$')
  const expected = Buffer.from(key ?? '', 'base64')
  const given = await derive(password.normalize('NFKC'), Buffer.from(salt ?? '', 'base64'), KEY_BYTES, {
    ...COST,
    N: Number(rounds),
  })
  return stored !== null && expected.length === given.length && timingSafeEqual(expected, given)
}
