import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { silentLog } from '../../src/base/log.ts'
import { openDiskBlobs } from '../../src/blobs/disk-blob-store.ts'
import { openDatabase } from '../../src/store/database.ts'
import { retainBlob } from '../../src/store/repos/blob-rows.ts'
import { users } from '../../src/store/repos/families.ts'
import { newUser } from './kit.ts'

/**
 * Writes rows and blobs until it is killed or the storage fails, telling each one once its promise has resolved.
 *
 * Arguments: data folder, and a number that keeps its ids apart from those of earlier runs. Lines it writes: `ready`,
 * `ack <id> [<hash>]`, `failure` (the database says it is broken), `rejected` (a write was refused). Exit code 3 after
 * a failure.
 */
const [dataDir, run] = process.argv.slice(2) as [string, string]
const WRITERS = 8
const BLOB_EVERY = 5

// Straight to the pipe: a line in a buffer would die with the process although the write is acknowledged.
const tell = (line: string): void => {
  writeSync(1, `${line}\n`)
}

const db = await openDatabase({ dataDir }, silentLog)
const blobs = await openDiskBlobs(dataDir)
let failed = false
db.onFailure(() => {
  failed = true
  tell('failure')
})
tell('ready')

async function write(id: string, index: number): Promise<string> {
  const doc = JSON.stringify({
    notes: createHash('sha512')
      .update(id)
      .digest('hex')
      .repeat(1 + (index % 7)),
  })
  if (index % BLOB_EVERY !== 0) {
    await db.transact((tx) => users.insert(tx, { ...newUser(id), doc }))
    return id
  }
  const content = Buffer.from(id.repeat(1 + (index % 500)))
  const { hash, size } = await blobs.put(content)
  await db.transact(async (tx) => {
    await users.insert(tx, { ...newUser(id), doc })
    await retainBlob(tx, { hash, size, contentType: 'text/plain' }, index)
  })
  return `${id} ${hash}`
}

async function writeForEver(writer: number): Promise<void> {
  for (let index = 0; !failed; index++) {
    try {
      tell(`ack ${await write(`r${run}-w${writer}-${index}`, index)}`)
    } catch {
      tell('rejected')
      return
    }
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => writeForEver(writer)))
process.exit(3)
