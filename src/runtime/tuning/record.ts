import { readFile, rename, writeFile } from 'node:fs/promises'
import os from 'node:os'
import type { Log } from '../../base/log.ts'
import { TUNED_KINDS_MAX } from '../limits.ts'
import type { Found } from './search.ts'
import type { Setup } from './setup.ts'

/** What the best setup depends on beside the models; other machines with the same text work alike. */
export function machineName(workersMax: number): string {
  const processors = os.cpus()
  return [processors[0]?.model.trim() ?? 'unknown', processors.length, workersMax, process.arch, process.version].join(
    ', ',
  )
}

type Machines = Record<string, Record<string, Found>>

/** The setups found so far, by machine and kind of plan, in a JSON file that people may read, edit or delete. */
export class TuningRecord {
  readonly #file: string
  readonly #machine: string
  readonly #machines: Machines

  private constructor(file: string, machine: string, machines: Machines) {
    this.#file = file
    this.#machine = machine
    this.#machines = machines
  }

  /** Opens the file; one that is missing or damaged is begun anew, as all of it can be measured again. */
  static async open(file: string, machine: string, log: Log): Promise<TuningRecord> {
    let machines: Machines = {}
    try {
      const read: unknown = JSON.parse(await readFile(file, 'utf8'))
      if (!isMachines(read)) throw new Error('it holds something else')
      machines = read
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log.warn({ err: error, file }, 'the tuning is begun anew')
    }
    return new TuningRecord(file, machine, machines)
  }

  /** The setup for a kind of plan on this machine, if it was looked for. */
  find(kind: string): Setup | undefined {
    return this.#machines[this.#machine]?.[kind]?.setup
  }

  /** Keeps what was found; the oldest kinds make room. */
  async keep(kind: string, found: Found): Promise<void> {
    const { [kind]: _, ...others } = this.#machines[this.#machine] ?? {}
    const kept = Object.entries(others).slice(-(TUNED_KINDS_MAX - 1))
    this.#machines[this.#machine] = { ...Object.fromEntries(kept), [kind]: found }
    await writeFile(`${this.#file}.new`, `${JSON.stringify(this.#machines, null, 2)}\n`)
    await rename(`${this.#file}.new`, this.#file)
  }
}

function isMachines(value: unknown): value is Machines {
  if (!isRecord(value)) return false
  return Object.values(value).every(
    (kinds) => isRecord(kinds) && Object.values(kinds).every((found) => isRecord(found) && isSetup(found.setup)),
  )
}

function isSetup(value: unknown): value is Setup {
  return (
    isRecord(value) && [value.threads, value.workers, value.batch].every((n) => Number.isInteger(n) && Number(n) > 0)
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
