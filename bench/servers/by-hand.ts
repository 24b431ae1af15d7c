/* What hosting pictures costs without us: hash, flushed write, decode and one thumbnail, in this process. */
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'

const [folder, photo, count] = process.argv.slice(2) as [string, string, string]
/** One picture is written while another is decoded. */
const AT_A_TIME = 2
sharp.concurrency(1)
sharp.cache(false)
const bytes = await readFile(photo)
let made = 0

async function host(): Promise<void> {
  const own = Buffer.concat([bytes, Buffer.from(`${process.pid} ${made++}`)])
  const handle = await open(join(folder, createHash('sha256').update(own).digest('hex')), 'wx')
  await handle.writeFile(own)
  await handle.sync()
  await handle.close()
  await sharp(own).autoOrient().resize(1024, 1024, { fit: 'inside', withoutEnlargement: true }).jpeg().toBuffer()
}

process.on('message', async (question) => {
  if (question !== 'host') return
  const turns = Array.from({ length: Number(count) }).values()
  const lane = async (): Promise<void> => {
    for (const _ of turns) await host()
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, lane))
  process.send!('done')
})
// The probe lets the channel go; here it is what keeps the process alive.
process.channel!.ref()
console.log('ready')
