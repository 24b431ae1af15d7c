import { cloudRpcs } from './cloud.ts'
import { placeRpcs } from './clusters.ts'
import { deploymentRpcs } from './deployments.ts'
import { runnerItemRpcs } from './runner-items.ts'
import { runnerRpcs } from './runners.ts'

/** All RPCs of places where models run beside the server: clusters, nodepools, runners, deployments. */
export const computeFamily = { ...cloudRpcs, ...placeRpcs, ...deploymentRpcs, ...runnerRpcs, ...runnerItemRpcs }
