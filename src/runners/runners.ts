import type { Controls } from './connection.ts'
import { RunnerHub } from './hub.ts'
import type { RunnerLimits } from './limits.ts'
import { RunnerPolls } from './polls.ts'

/** All that a server has to do with runners: the hub, and the ways in which they connect. */
export class Runners {
  readonly hub: RunnerHub
  readonly polls: RunnerPolls
  readonly controls: Controls = new Map()

  constructor(limits: Partial<RunnerLimits> = {}) {
    this.hub = new RunnerHub(limits)
    this.polls = new RunnerPolls(this.hub)
  }
}
