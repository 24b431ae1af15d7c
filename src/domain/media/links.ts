import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Micros } from '../../base/clock.ts'
import type { Database } from '../../store/database.ts'
import { readMeta, writeMeta } from '../../store/repos/meta.ts'
import { type MediaPlace, pathOf } from './address.ts'

const SECRET_KEY = 'media.link-secret'
const SECRET_BYTES = 32
const MICROS_PER_SECOND = 1_000_000

/** Makes and checks links that give one size of one medium to whoever has them, until they expire. */
export class SignedLinks {
  readonly #db: Database
  #secret: Promise<Buffer> | undefined

  constructor(db: Database) {
    this.#db = db
  }

  /** Path and query of a link to one size; `expiresAt` is cut to whole seconds. */
  async sign(place: MediaPlace, size: string, expiresAt: Micros): Promise<string> {
    const path = pathOf(place, size)
    const expires = String(Math.floor(expiresAt / MICROS_PER_SECOND))
    return `${path}?expires=${expires}&signature=${(await this.#signature(path, expires)).toString('base64url')}`
  }

  /** Whether a signature is good for a size at a time. */
  async isGood(place: MediaPlace, size: string, expires: string, signature: string, now: Micros): Promise<boolean> {
    if (!/^\d{1,12}$/.test(expires) || Number(expires) * MICROS_PER_SECOND <= now) return false
    const given = Buffer.from(signature, 'base64url')
    const right = await this.#signature(pathOf(place, size), expires)
    return given.length === right.length && timingSafeEqual(given, right)
  }

  async #signature(path: string, expires: string): Promise<Buffer> {
    this.#secret ??= this.#load()
    const secret = await this.#secret.catch((error) => {
      this.#secret = undefined
      throw error
    })
    return createHmac('sha256', secret).update(`${path}\n${expires}`).digest()
  }

  /** The secret of this installation; made when the first link is. */
  async #load(): Promise<Buffer> {
    const known = await readMeta(this.#db.read, SECRET_KEY)
    if (known !== undefined) return Buffer.from(known, 'base64url')
    return this.#db.transact(async (tx) => {
      // Another server on the same database may have been first.
      const value = (await readMeta(tx, SECRET_KEY)) ?? randomBytes(SECRET_BYTES).toString('base64url')
      await writeMeta(tx, SECRET_KEY, value)
      return Buffer.from(value, 'base64url')
    })
  }
}
