import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { StatusCode } from '../contract/status-code.ts'
import { AppError } from './errors.ts'

/** Length of a key, in bytes. */
export const VAULT_KEY_BYTES = 32

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_ID_CHARS = 16
/** What sealed texts look like: the id of their key, then nonce, tag and cipher text. */
const SEALED = new RegExp(`^sealed:v1:([0-9a-f]{${KEY_ID_CHARS}}):([A-Za-z0-9_-]+)$`)

/** Encrypts texts that are kept but never shown. The first key seals; the others are older ones, which only open. */
export class Vault {
  /** Tells the sealing key from others without giving it away. */
  readonly keyId: string
  readonly #keys: ReadonlyMap<string, Buffer>

  constructor(keys: readonly Buffer[]) {
    if (keys.length === 0 || keys.some((key) => key.length !== VAULT_KEY_BYTES)) {
      throw new RangeError(`a vault needs keys of ${VAULT_KEY_BYTES} bytes`)
    }
    this.keyId = idOf(keys[0]!)
    this.#keys = new Map(keys.map((key) => [idOf(key), key]))
  }

  /** A text sealed under the newest key; `context` says what it belongs to, and only there can it be opened. */
  seal(text: string, context: string): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#keys.get(this.keyId)!, nonce).setAAD(Buffer.from(context))
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return `sealed:v1:${this.keyId}:${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
  }

  /** The text inside a sealed one. Throws AppError 21350 when its key is not here or when it belongs elsewhere. */
  open(sealed: string, context: string): string {
    const text = this.#tryOpen(sealed, context)
    if (text !== undefined) return text
    throw new AppError(
      StatusCode.MODEL_DEPLOYMENT_FAILED,
      'A secret of the model version cannot be read: this server has not the key that it was stored under. ' +
        'Give the secret again, or start the server with that key (LIMPID_SECRET_KEY).',
    )
  }

  /** The same text sealed under the newest key, whether it is plain or sealed; what cannot be opened stays as it is. */
  reseal(text: string, context: string): string {
    const [, keyId] = SEALED.exec(text) ?? []
    const plain = this.#tryOpen(text, context)
    if (plain === undefined) return keyId !== undefined && !this.#keys.has(keyId) ? text : this.seal(text, context)
    return keyId === this.keyId ? text : this.seal(plain, context)
  }

  #tryOpen(sealed: string, context: string): string | undefined {
    const [, keyId, base64] = SEALED.exec(sealed) ?? []
    const key = keyId === undefined ? undefined : this.#keys.get(keyId)
    const bytes = Buffer.from(base64 ?? '', 'base64url')
    if (!key || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
    try {
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString()
    } catch {
      return undefined
    }
  }
}

const idOf = (key: Buffer): string =>
  createHash('sha256').update('limpid vault key ').update(key).digest('hex').slice(0, KEY_ID_CHARS)
