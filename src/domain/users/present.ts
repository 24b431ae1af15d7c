import { create } from '@bufbuild/protobuf'
import { toTimestamp } from '../../base/timestamps.ts'
import { EmailAddressSchema, type User, UserDetailSchema, UserSchema, VisibilitySchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Row } from '../../store/schema/tables.ts'
import { withoutFields } from '../resource/fields.ts'

// Older contracts had these on the user itself; they are as private as the detail they have moved to.
const PRIVATE_FIELDS = [
  'user_detail',
  'primary_email',
  'bill_type',
  'date_gdpr_consent',
  'date_tos_consent',
  'date_marketing_consent',
  'date_pii_consent',
  'metadata',
  'email_addresses',
  'two_factor_auth_enabled',
  'teams_count',
]

/** What everybody who may see a user sees of it. */
export function publicUser(row: Row<'users'>): User {
  const user = withoutFields(UserSchema, decodeDoc(UserSchema, row.doc), PRIVATE_FIELDS)
  user.id = row.id
  user.createdAt = toTimestamp(row.created_at)
  user.visibility = create(VisibilitySchema, { gettable: row.visibility })
  return user
}

/** A user as it sees itself: with its e-mail address and what else is private. */
export function ownUser(row: Row<'users'>): User {
  const user = publicUser(row)
  user.userDetail = decodeDoc(UserSchema, row.doc).userDetail ?? create(UserDetailSchema)
  if (row.email !== null) {
    user.userDetail.primaryEmail = row.email
    user.userDetail.emailAddresses = [create(EmailAddressSchema, { email: row.email, primary: true })]
  }
  return user
}

/** A user as those see it who work with it on an app: names and e-mail address, by which it is invited. */
export function colleague(row: Row<'users'>): User {
  const user = publicUser(row)
  user.primaryEmail = row.email ?? ''
  return user
}
