import type { Log } from '../../src/base/log.ts'

/** What goes wrong inside a server while it is asked nonsense: each error that it logs, under what was tried then. */
export class Accidents {
  readonly all: string[] = []
  /** What is being tried. */
  current = ''
  readonly log: Log

  constructor() {
    const log: Log = {
      ...{ trace() {}, debug() {}, info() {}, warn() {} },
      error: (fields) => {
        const { err } = fields as { err?: Error }
        this.add(err?.stack?.split('\n').slice(0, 9).join('\n') ?? JSON.stringify(fields))
      },
      child: () => log,
    }
    this.log = log
  }

  add(what: string): void {
    this.all.push(`${this.current}: ${what}`)
  }
}
