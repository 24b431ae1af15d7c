import type { Clock } from '../base/clock.ts'
import { checkId } from '../base/ids.ts'
import { CATALOGUE_USER } from '../catalogue/index.ts'
import { type Config, ConfigError } from '../config/config.ts'
import { StatusCode } from '../contract/status-code.ts'
import { hashPassword, passwordMatches } from '../domain/access/passwords.ts'
import { hashSecret } from '../domain/access/secrets.ts'
import { insertCredential } from '../domain/credentials/make.ts'
import { isEmail, normalEmail } from '../domain/users/email.ts'
import { insertUser } from '../domain/users/make.ts'
import type { Database, Writer } from '../store/database.ts'
import { endSessions, hasCredential } from '../store/repos/credentials.ts'
import { findUserById, updateLogin } from '../store/repos/users.ts'

type Settings = Config['firstUser']

/**
 * Makes the operator's user and token on the first start and returns the token if it was made at random, to be shown
 * once. On later starts a token given by setting is added if it is not there yet, and address and password follow the
 * settings; nothing is taken away but the sessions of a password that was changed.
 */
export async function ensureFirstUser(db: Database, settings: Settings, clock: Clock): Promise<string | undefined> {
  const email = checkSettings(settings)
  const known = await findUserById(db.read, settings.id)
  const unchanged = known && settings.password && (await passwordMatches(settings.password, known.password_hash))
  const passwordHash = settings.password === undefined || unchanged ? undefined : await hashPassword(settings.password)
  return db.transact(async (tx) => {
    const now = clock.now()
    if (!known) {
      const userPk = await insertUser(tx, { id: settings.id, email, passwordHash }, now)
      return addToken(tx, userPk, settings.pat, now)
    }
    if (passwordHash !== undefined || (email !== undefined && email !== known.email)) {
      await updateLogin(tx, known.pk, { email, password_hash: passwordHash }, now)
    }
    if (passwordHash !== undefined) await endSessions(tx, known.pk, now, 0)
    return settings.pat === undefined ? undefined : addToken(tx, known.pk, settings.pat, now)
  })
}

function checkSettings({ id, email }: Settings): string | undefined {
  try {
    checkId(id, 'user', StatusCode.CONN_INVALID_REQUEST)
  } catch {
    throw new ConfigError(`LIMPID_USER: '${id}' is not usable; use letters and digits, joined by single '-' or '_'.`)
  }
  if (id === CATALOGUE_USER) {
    throw new ConfigError(`LIMPID_USER: '${id}' is the user of the built-in models; choose another id.`)
  }
  if (email === undefined) return undefined
  const normal = normalEmail(email)
  if (!isEmail(normal)) throw new ConfigError(`LIMPID_EMAIL: '${email}' is not usable; use name@example.org.`)
  return normal
}

/** Adds a token unless it is there already; returns its secret if that was made at random. */
async function addToken(
  tx: Writer,
  userPk: number,
  given: string | undefined,
  now: number,
): Promise<string | undefined> {
  if (given !== undefined && (await hasCredential(tx, hashSecret(given)))) return undefined
  const description = 'made at first start'
  const { secret } = await insertCredential(
    tx,
    { userPk, kind: 'pat', description, scopes: ['All'], secret: given },
    now,
  )
  return given === undefined ? secret : undefined
}
