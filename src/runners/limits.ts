const MIB = 1024 * 1024

/** How long items wait and how many may; tests make all of it shorter. */
export interface RunnerLimits {
  /** Items of one model that may wait for a runner. */
  readonly waitingMax: number
  /** Bytes of all items that wait or are being worked on. */
  readonly bytesMax: number
  /** Longest wait for a runner to connect while there is none, in milliseconds. */
  readonly absentMs: number
  /** Longest wait for a turn while all runners are busy, in milliseconds. */
  readonly turnMs: number
  /** Longest wait for the next sign of a runner that works on an item, in milliseconds. */
  readonly workMs: number
  /** How long ListRunnerItems waits for an item, in milliseconds. */
  readonly pollMs: number
  /** How long a runner that polls counts as there after its last poll, in milliseconds. */
  readonly pollSeenMs: number
  /** How often a runner that waits for work is looked up, in milliseconds. */
  readonly renewMs: number
  /** How often an item is given out at most, where runners vanish before they answered anything. */
  readonly attemptsMax: number
  /** Answers that wait for a slow caller before the runner has to wait. */
  readonly answersMax: number
  /** Messages that wait for a slow runner before what sends them has to wait: the requests of a stream. */
  readonly requestsMax: number
  /** Bytes of such answers or messages, of which one may be more. */
  readonly pendingBytesMax: number
  /** Cancellations that wait for a slow control stream before further ones are not told there. */
  readonly noticesMax: number
}

/** The limits of a server. */
export const RUNNER_LIMITS: RunnerLimits = {
  waitingMax: 256,
  bytesMax: 512 * MIB,
  absentMs: 5_000,
  turnMs: 120_000,
  workMs: 600_000,
  pollMs: 20_000,
  pollSeenMs: 60_000,
  renewMs: 30_000,
  attemptsMax: 2,
  answersMax: 32,
  requestsMax: 8,
  pendingBytesMax: 32 * MIB,
  noticesMax: 1_000,
}
