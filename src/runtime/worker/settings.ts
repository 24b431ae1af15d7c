/** What the server tells a worker when it starts it, as JSON in its only argument. */
export interface WorkerSettings {
  /** Process id of the server. */
  readonly parentPid: number
  /** Memory of loaded engines to keep, in bytes. */
  readonly maxBytes: number
  /** Resident memory at which the process ends itself in the middle of its work, in bytes; without it never. */
  readonly rssBytesMax?: number
  /** URL of a module that exports further engines as `engines`. */
  readonly engineModule?: string
}

/** File descriptor of the pipe to the server, on both sides. */
export const PIPE_FD = 3
