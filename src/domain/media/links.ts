import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Micros } from '../../base/clock.ts'
import type { Database } from '../../store/database.ts'
import { readMeta, writeMeta } from '../../store/repos/meta.ts'

const SECRET_KEY = 'media.link-secret'
const SECRET_BYTES = 32
const MICROS_PER_SECOND = 1_000_000

/** How long links that answers give work without a key: long enough to watch a film, in microseconds. */
export const LINK_MICROS = 24 * 3_600 * MICROS_PER_SECOND

/** Makes and checks links that give what lies under a path to whoever has them, until they expire. */
export class SignedLinks {
  readonly #secret: Buffer

  private constructor(secret: Buffer) {
    this.#secret = secret
  }

  /**
   * Reads the secret of this installation, or makes it: when the server starts, so that answers with links, which may
   * be asked for while nothing can be written, only read.
   */
  static async open(db: Database): Promise<SignedLinks> {
    const known = (await readMeta(db.read, SECRET_KEY)) ?? (await makeSecret(db))
    return new SignedLinks(Buffer.from(known, 'base64url'))
  }

  /** Path and query of a link; `expiresAt` is cut to whole seconds. */
  sign(path: string, expiresAt: Micros): string {
    const expires = String(Math.floor(expiresAt / MICROS_PER_SECOND))
    return `${path}?expires=${expires}&signature=${this.#signature(path, expires).toString('base64url')}`
  }

  /** Whether a signature is good for a path at a time. */
  isGood(path: string, expires: string, signature: string, now: Micros): boolean {
    if (!/^\d{1,12}$/.test(expires) || Number(expires) * MICROS_PER_SECOND <= now) return false
    const given = Buffer.from(signature, 'base64url')
    const right = this.#signature(path, expires)
    return given.length === right.length && timingSafeEqual(given, right)
  }

  #signature(path: string, expires: string): Buffer {
    return createHmac('sha256', this.#secret).update(`${path}\n${expires}`).digest()
  }
}

function makeSecret(db: Database): Promise<string> {
  return db.transact(async (tx) => {
    // Another server on the same database may have been first.
    const value = (await readMeta(tx, SECRET_KEY)) ?? randomBytes(SECRET_BYTES).toString('base64url')
    await writeMeta(tx, SECRET_KEY, value)
    return value
  })
}
