import { create } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { checkId } from '../../base/ids.ts'
import { UserSchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { DuplicateKey } from '../../store/errors.ts'
import { insertUserRow } from '../../store/repos/users.ts'
import { Visible } from '../access/target.ts'
import { checkEmail } from './email.ts'

/** What a new user is. */
export interface NewUser {
  readonly id: string
  readonly email?: string
  /** Made by `hashPassword`; without one the user cannot log in. */
  readonly passwordHash?: string
  readonly visibility?: number
}

/** Stores a new user and returns its pk; refuses unusable ids and addresses, and those that are taken. */
export async function insertUser(tx: Writer, wanted: NewUser, now: Micros): Promise<number> {
  checkId(wanted.id, 'user', StatusCode.CONN_INVALID_REQUEST)
  const row = {
    id: wanted.id,
    doc: encodeDoc(create(UserSchema)),
    visibility: wanted.visibility ?? Visible.PRIVATE,
    email: wanted.email === undefined ? null : checkEmail(wanted.email),
    password_hash: wanted.passwordHash ?? null,
  }
  try {
    return await insertUserRow(tx, row, now)
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error
    throw new AppError(
      StatusCode.DATABASE_DUPLICATE_KEY,
      `A user '${row.id}', or one with its e-mail address, already exists; choose another id and address.`,
    )
  }
}
