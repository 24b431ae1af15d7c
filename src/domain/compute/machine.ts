import { availableParallelism, totalmem } from 'node:os'
import { create } from '@bufbuild/protobuf'
import { type CloudProvider, CloudProviderSchema, type InstanceType, InstanceTypeSchema } from '../../contract/index.ts'

/** The names that clients give to a machine of one's own. */
const PROVIDER = 'local'
const REGION = 'na'
const INSTANCE = 'local'

const MIB = 1024 * 1024
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'linux/amd64', arm64: 'linux/arm64' }

/** Where runners can be: on machines of the user's own, which are all one provider. */
export const providers = (): CloudProvider[] => [
  create(CloudProviderSchema, { id: PROVIDER, name: 'Machines of your own' }),
]

/** Regions of a provider; none of one that is not here. */
export const regionsOf = (providerId: string): string[] => (providerId === PROVIDER ? [REGION] : [])

/** The machine that this server runs on, the one whose size is known; empty for other places. */
export function instanceTypesOf(providerId: string, region: string): InstanceType[] {
  if (!regionsOf(providerId).includes(region)) return []
  return [
    create(InstanceTypeSchema, {
      id: INSTANCE,
      description: 'The machine that the server runs on',
      cloudProvider: providers()[0],
      region,
      computeInfo: { cpuLimit: String(availableParallelism()), cpuMemory: `${Math.floor(totalmem() / MIB)}Mi` },
      architecture: process.platform === 'linux' ? (ARCHITECTURES[process.arch] ?? '') : '',
    }),
  ]
}
