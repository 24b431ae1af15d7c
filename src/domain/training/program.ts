import about from '../../../package.json' with { type: 'json' }
import { SOLVER } from '../../training/limits.ts'

/** What of this program decides the outcome of a training: its version and that of the solver. */
export const PROGRAM = `${about.name} ${about.version}, solver ${SOLVER}`
