// A server whose disk is full, for real: on a small file system of its own, which only root can make.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { colourClassifier } from '../../src/engines/onnx-model/test-models.ts'
import { picture } from '../../src/media/test-images.ts'
import { succeeded } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const MIB = 1024 * 1024
const DISK_BYTES = 48 * MIB
const PAT = 'full-disk-token-0123'

/** A small disk that goes with the test; undefined where the system does not let us make one. */
async function smallDisk(t: TestContext): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'limpid-test', folder], { stdio: 'ignore' })
  } catch {
    await rm(folder, { recursive: true })
    return undefined
  }
  t.after(async () => {
    execFileSync('umount', ['-l', folder])
    await rm(folder, { recursive: true })
  })
  return folder
}

/** Fills the disk to the last byte; the returned function makes room again. */
async function fill(folder: string): Promise<() => Promise<void>> {
  const ballast = join(folder, 'ballast')
  const handle = await open(ballast, 'w')
  try {
    for (const piece of [Buffer.alloc(MIB), Buffer.alloc(1)]) {
      await Promise.resolve()
        .then(async () => {
          for (;;) await handle.writeFile(piece)
        })
        .catch((error: NodeJS.ErrnoException) => assert.equal(error.code, 'ENOSPC'))
    }
  } finally {
    await handle.close()
  }
  return () => rm(ballast)
}

/** Paths of the contents and of what is on its way to become one. */
async function filesOf({ services }: TestServer): Promise<string[]> {
  const { dataDir } = services.config
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return paths.filter((path) => /^.(blobs|imports).(?!lock|pid)/.test(path.slice(dataDir.length))).sort()
}

test('a full disk refuses what has to be written, loses nothing, and takes it again when there is room', async (t) => {
  const disk = await smallDisk(t)
  if (disk === undefined) {
    t.skip('needs root, to mount a small file system')
    return
  }
  await using server = await startTestServer({ settings: { dataDir: join(disk, 'data'), pat: PAT } })
  const admin = { ...server.admin, pat: PAT }
  const call: TestServer['call'] = (name, request, as) => server.call(name, request, { key: PAT, ...as })
  const own = { ...server, admin, call }
  const { userAppId } = await makePlainApp(own, 'full')
  succeeded(await call('PostModels', { userAppId, models: [{ id: 'mine', modelTypeId: 'visual-classifier' }] }))
  const base64 = await picture(400, 300).png({ compressionLevel: 0 }).toBuffer()
  const file = Buffer.concat([colourClassifier(), Buffer.alloc(2 * MIB)])

  const postConcept = (id: string) => call('PostConcepts', { userAppId, concepts: [{ id, name: 'x'.repeat(16_000) }] })
  const postInput = (id: string) => call('PostInputs', { userAppId, inputs: [{ id, data: { image: { base64 } } }] })
  const upload = () =>
    server.stream(
      'PostModelVersionsUpload',
      [
        {
          uploadData: { case: 'uploadConfig', value: { userAppId, modelId: 'mine', totalSize: BigInt(file.length) } },
        },
        { uploadData: { case: 'contentPart', value: { data: file, partNumber: 1n, rangeStart: 0n } } },
      ],
      { key: PAT },
    )
  const stored = async () => ({
    concepts: succeeded(await call('ListConcepts', { userAppId })).concepts.map(({ id }) => id),
    inputs: succeeded(await call('ListInputs', { userAppId })).inputs.map(({ id }) => id),
    versions: succeeded(await call('ListModelVersions', { userAppId, modelId: 'mine' })).modelVersions.length,
  })
  succeeded(await postConcept('before'))
  succeeded(await postInput('before'))
  await server.services.jobs.idle()

  const makeRoom = await fill(disk)
  const [before, files] = [await stored(), await filesOf(server)]
  for (let round = 0; round < 40; round++) {
    const { status } = await postConcept(`late-${round}`)
    // The first few may still fit into what the database had reserved.
    if (status!.code === StatusCode.SUCCESS) before.concepts.push(`late-${round}`)
    else {
      assert.equal(status!.code, StatusCode.INTERNAL_RESOURCE_EXHAUSTED, status!.details)
      assert.match(status!.details, /storage is full: free some space/)
    }
  }
  assert.ok(before.concepts.length < 40, 'the disk is not full')
  for (const { status } of [await postInput('late'), (await upload()).at(-1)!]) {
    assert.equal(StatusCode[status!.code], 'INTERNAL_RESOURCE_EXHAUSTED', status!.details)
    assert.match(status!.details, /full/)
  }
  const after = await stored()
  assert.deepEqual({ ...after, concepts: after.concepts.sort() }, { ...before, concepts: before.concepts.sort() })
  assert.deepEqual(await filesOf(server), files)

  await makeRoom()
  succeeded(await postConcept('room'))
  succeeded(await postInput('room'))
  assert.equal((await upload()).at(-1)!.status!.code, StatusCode.UPLOAD_DONE)
  await server.services.jobs.idle()
  const { concepts, inputs, versions } = await stored()
  assert.ok(concepts.includes('room') && inputs.includes('room') && versions === 1)
})
