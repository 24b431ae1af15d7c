import { type DestinationStream, type Logger, pino } from 'pino'

// Whatever a request carries as a secret must never reach the log, also when a whole object is logged by accident.
const SECRET_PATHS = [
  'authorization',
  'headers.authorization',
  '*.authorization',
  'pat',
  '*.pat',
  'password',
  '*.password',
  'secret',
  '*.secret',
]

/** The program's logger: JSON lines on standard error, pretty on a terminal; standard output stays for results. */
export async function createLog(level: string): Promise<Logger> {
  const stream: DestinationStream = process.stderr.isTTY
    ? (await import('pino-pretty')).default({ destination: 2, ignore: 'pid,hostname' })
    : pino.destination({ dest: 2, sync: false })
  return pino({ level, base: undefined, redact: { paths: SECRET_PATHS, censor: '[hidden]' } }, stream)
}
