/** The logger shape that every layer accepts; pino satisfies it, tests may pass `silentLog`. */
export interface Log {
  trace(fields: object, message?: string): void
  debug(fields: object, message?: string): void
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
  /** `redact` replaces the names of fields whose values are hidden; none are with an empty list. */
  child(fields: object, options?: { readonly redact: string[] }): Log
}

const nothing = (): void => {}

/** A logger that drops everything. */
export const silentLog: Log = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
}
