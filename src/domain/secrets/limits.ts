/** Bytes of the value of a secret. */
export const SECRET_BYTES_MAX = 64 * 1024
/** Secrets of a user. */
export const SECRETS_PER_USER_MAX = 1_000
