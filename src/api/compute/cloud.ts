import { instanceTypesOf, providers, regionsOf } from '../../domain/compute/machine.ts'
import type { Registry } from '../define/rpc.ts'

/** Where nodepools can be, which is on machines of the user's own. */
export const cloudRpcs: Pick<Registry, 'ListCloudProviders' | 'ListCloudRegions' | 'ListInstanceTypes'> = {
  ListCloudProviders: () => ({ cloudProviders: providers() }),

  ListCloudRegions: ({ cloudProvider }) => ({ regions: regionsOf(cloudProvider?.id ?? '') }),

  ListInstanceTypes: ({ cloudProvider, region }) => ({
    instanceTypes: instanceTypesOf(cloudProvider?.id ?? '', region),
  }),
}
