import assert from 'node:assert/strict'
import { it } from 'node:test'
import { IDS_PER_STATEMENT_MAX } from '../../src/store/limits.ts'
import { dropDeploymentsOnlyIn, placedNodepools, setNodepoolsOfDeployment } from '../../src/store/repos/compute.ts'
import { computeClusters, deployments, nodepools, users } from '../../src/store/repos/families.ts'
import { newUser, onEachEngine, withDatabase } from './kit.ts'

const family = { doc: '{}', visibility: 10, created_at: 1, modified_at: 1 }

// More than either engine takes in one statement.
const MANY = 70_000

onEachEngine('nodepools and their deployments', (engine) => {
  it('are found and left in any number, and a deployment stays while it has one of them', () =>
    withDatabase(engine, async (db) => {
      const [a, b, c] = await db.transact(async (tx) => {
        const user = await users.insert(tx, newUser('ann'))
        const cluster = await computeClusters.insert(tx, { ...family, user_pk: user.pk, id: 'home' })
        const pool = async (id: string) => (await nodepools.insert(tx, { ...family, cluster_pk: cluster.pk, id })).pk
        const pools = [await pool('a'), await pool('b'), await pool('c')] as const
        const deploy = async (id: string, ...in_: number[]) => {
          const row = { ...family, user_pk: user.pk, id, model_pk: 1, version_pk: 0 }
          await setNodepoolsOfDeployment(tx, (await deployments.insert(tx, row)).pk, in_)
        }
        const [a, b, c] = pools
        await deploy('in-a', a)
        await deploy('in-both', a, b)
        await deploy('in-one-that-stays', b, c)
        await deploy('elsewhere', c)
        return pools
      })
      const others = Array.from({ length: MANY }, (_, at) => 1_000_000 + at)
      const apart = [a, ...others.slice(0, IDS_PER_STATEMENT_MAX), b, ...others]
      assert.deepEqual([...(await placedNodepools(db.read, apart)).keys()], [a, b])
      await db.transact((tx) => dropDeploymentsOnlyIn(tx, apart))
      const left = await db.read.selectFrom('deployments').select('id').orderBy('pk').execute()
      assert.deepEqual(left, [{ id: 'in-one-that-stays' }, { id: 'elsewhere' }])
      assert.ok((await placedNodepools(db.read, [c])).has(c))
    }))
})
