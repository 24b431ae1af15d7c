import { installRpcs } from './installs.ts'
import { moduleRpcs } from './modules.ts'
import { moduleVersionRpcs } from './versions.ts'

/** All RPCs of modules, of their versions and of installs. */
export const moduleFamily = { ...moduleRpcs, ...moduleVersionRpcs, ...installRpcs }
